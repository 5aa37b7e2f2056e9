"""Cells that were asked for and not tried: rows like all others, kept beside the records."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from latbench.studies.crossover.cells import Cell, Setting, operator_setting
from latbench.studies.crossover.grid import Asked
from latbench.zoo.parcs import is_parc, parc_spec

FILE = "untried.json"
"""The file in the results directory that holds them."""

SKIPPED = "skipped"


def untried(asked: Iterable[Asked], threads: Sequence[int], device: str = "cpu") -> tuple[Cell, ...]:
    """Return a skipped cell, with its reason, for each refused lowering on each runtime and thread count."""
    return tuple(
        Cell(*_setting(one, runtime, count, device), lowering, SKIPPED, reason)
        for one in asked
        if is_parc(one.name) or one.resolution is not None
        for lowering, reason in one.refused.items()
        for runtime in one.runtimes
        for count in threads
    )


def _setting(one: Asked, runtime: str, threads: int, device: str) -> tuple[Setting, int]:
    if is_parc(one.name):
        return operator_setting(parc_spec(one.name), runtime, threads, device, eager=one.eager)
    setting = Setting(runtime, one.name, None, None, None, "model", threads, device, one.eager)
    return setting, one.resolution or 0


def dump(asked: Iterable[Asked], threads: Sequence[int], device: str = "cpu") -> str:
    """Return what `load` needs to give the same cells again, as JSON."""
    refused = [asdict(one) | {"lowerings": ()} for one in asked if one.refused]
    return json.dumps({"device": device, "threads": list(threads), "subjects": refused}, indent=1) + "\n"


def load(text: str) -> tuple[Cell, ...]:
    """Return the cells that `dump` wrote; ValueError for text it did not write."""
    try:
        told: dict[str, Any] = json.loads(text)
        every = {"lowerings": (), "runtimes": told.get("runtimes", ())}  # once they stood above the subjects
        asked = [Asked(**every | one) for one in told["subjects"]]
        return untried(asked, told["threads"], told.get("device", "cpu"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a list of untried cells: {text[:60]!r}") from error
