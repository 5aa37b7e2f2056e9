"""Cells that were asked for and not tried: rows like all others, kept beside the records."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from latbench.studies.crossover.cells import Cell, operator_setting
from latbench.studies.crossover.grid import Asked
from latbench.zoo.parcs import is_parc, parc_spec

FILE = "untried.json"
"""The file in the results directory that holds them."""

SKIPPED = "skipped"


def untried(asked: Iterable[Asked], runtimes: Sequence[str], threads: Sequence[int]) -> tuple[Cell, ...]:
    """Return a skipped cell, with its reason, for each refused lowering on each runtime and thread count."""
    return tuple(
        Cell(*operator_setting(parc_spec(one.name), runtime, count), lowering, SKIPPED, reason)
        for one in asked
        if is_parc(one.name)
        for lowering, reason in one.refused.items()
        for runtime in runtimes
        for count in threads
    )


def dump(asked: Iterable[Asked], runtimes: Sequence[str], threads: Sequence[int]) -> str:
    """Return what `load` needs to give the same cells again, as JSON."""
    refused = [{"name": one.name, "refused": dict(one.refused)} for one in asked if one.refused]
    told = {"runtimes": list(runtimes), "threads": list(threads), "subjects": refused}
    return json.dumps(told, indent=1) + "\n"


def load(text: str) -> tuple[Cell, ...]:
    """Return the cells that `dump` wrote; ValueError for text it did not write."""
    try:
        told: dict[str, Any] = json.loads(text)
        asked = [Asked(one["name"], (), refused=one["refused"]) for one in told["subjects"]]
        return untried(asked, told["runtimes"], told["threads"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a list of untried cells: {text[:60]!r}") from error
