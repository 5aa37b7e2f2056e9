"""The best of several lowerings, judged on launches that did not choose it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Logs = Mapping[int, float]
"""log(baseline / candidate) by launch."""


@dataclass(frozen=True)
class Best:
    """`logs` are log ratios of the best candidate, shape (launches,); `name` is what all launches choose.

    `guarded` is whether each launch is judged on a candidate that the other launches chose; one launch alone
    must choose for itself.
    """

    name: str
    logs: NDArray[np.float64]
    guarded: bool


def best(candidates: Mapping[str, Logs]) -> Best | None:
    """Return the best of `candidates`, cross-validated; None where there is none.

    The fastest of twenty that are equally fast looks faster than they are: it had luck. So each launch is
    judged on the candidate with the highest mean log ratio over the *other* launches. Only candidates that
    have every launch take part, as long as there is one; else those with the most.
    """
    if not candidates:
        return None
    most = max(map(len, candidates.values()))
    if most == 0:
        return None
    whole = {name: logs for name, logs in candidates.items() if len(logs) == most}
    indices = sorted(next(iter(whole.values())))
    whole = {name: logs for name, logs in whole.items() if sorted(logs) == indices}
    names = list(whole)
    table = np.array([[whole[name][index] for index in indices] for name in names])
    winner = names[int(table.mean(axis=1).argmax())]
    if len(names) == 1 or len(indices) == 1:
        return Best(winner, table.max(axis=0), guarded=len(names) == 1)
    others = (table.sum(axis=1, keepdims=True) - table) / (len(indices) - 1)
    return Best(winner, table[others.argmax(axis=0), np.arange(len(indices))], guarded=True)
