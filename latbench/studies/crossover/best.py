"""The best of several lowerings, judged on launches that did not choose it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latbench.stats.ratio import mean_effect

Logs = Mapping[int, float]
"""log(baseline / candidate) by launch."""


@dataclass(frozen=True)
class Best:
    """`logs` are log ratios of the best candidate, shape (launches,); `name` is what all launches choose.

    `guarded` is whether each launch is judged on a candidate that the other launches chose; one launch alone
    must choose for itself. `rivals` counts the others that are not slower than `name` beyond doubt: where
    there are any, `logs` deviate from their mean by more than was seen, as `best` tells.
    """

    name: str
    logs: NDArray[np.float64]
    guarded: bool
    rivals: int = 0


def best(candidates: Mapping[str, Logs]) -> Best | None:
    """Return the best of `candidates`, cross-validated; None where there is none.

    The fastest of twenty that are equally fast looks faster than they are: it had luck. So each launch is
    judged on the candidate with the highest mean log ratio over the *other* launches. Where it has rivals,
    these n values share launches in what chose them, and differ less than they are uncertain: their variance
    counts 1 + n / (n - 1) times (Nadeau & Bengio, Inference for the Generalization Error, 2003, for one of n
    held out). Only candidates that have every launch take part, as long as there is one; else those with
    the most.
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
    place = int(table.mean(axis=1).argmax())
    winner = names[place]
    if len(names) == 1 or len(indices) == 1:
        return Best(winner, table.max(axis=0), guarded=len(names) == 1)
    others = (table.sum(axis=1, keepdims=True) - table) / (len(indices) - 1)
    judged = table[others.argmax(axis=0), np.arange(len(indices))]
    rivals = sum(_rival(table[place], row) for at, row in enumerate(table) if at != place)
    return Best(winner, _widened(judged) if rivals else judged, guarded=True, rivals=rivals)


def _rival(winner: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Return whether the 95 % interval of winner - other, launch by launch, does not exclude 0."""
    low = mean_effect(winner - other).interval().low
    return low is None or low <= 1


def _widened(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    mean, count = float(np.mean(logs)), len(logs)
    return mean + (logs - mean) * math.sqrt(1 + count / (count - 1))
