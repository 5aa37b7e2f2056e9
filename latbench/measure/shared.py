"""The contract of a shared launch: one fresh process that times several cells of one runtime by turns.

A cell has the process to itself only while its turn lasts. What is measured, and by which rule, stands in
`latbench.measure.shared_turns`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from latbench.measure.launch import LaunchResult
from latbench.runtimes.base import SessionOptions, Source

SHARED_CELLS = "shared_cells"
"""The witness that counts the cells of a process; 1 in a launch of its own."""

CALL_OVERHEAD = "call_overhead_ns"
"""The witness with the median of an empty graph, timed in the same process and rounds; None is not known."""

FIRST_OF_TURN = "first_of_turn_ns"
"""The witness with the median of the calls left out at the head of each turn; None where none was."""


@dataclass(frozen=True)
class SharedCell:
    """One cell of a shared launch: its `key` in the answer, what to load, and the file of its reference."""

    key: str
    source: Source
    reference: str | None = None


@dataclass(frozen=True)
class SharedRequest:
    """One shared launch: the cells of one runtime, all under the same options.

    `samples` is the most that a cell is timed, `budget_s` the seconds of timing that all cells share,
    `warmup` the calls of a cell before the first round, `order` the seed of the order within each round.
    `empty` is a graph that computes nothing, None where the runtime has none.
    """

    cells: tuple[SharedCell, ...]
    runtime: str
    options: SessionOptions
    samples: int
    budget_s: float
    warmup: int
    order: str = ""
    empty: SharedCell | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "SharedRequest":
        """Return the request that `to_json` wrote."""
        told = {
            "cells": tuple(map(_cell, fields["cells"])),
            "options": SessionOptions(**fields["options"]),
            "empty": None if fields["empty"] is None else _cell(fields["empty"]),
        }
        return cls(**{**fields, **told})


def _cell(fields: Mapping[str, Any]) -> SharedCell:
    return SharedCell(fields["key"], Source.from_json(fields["source"]), fields["reference"])


SharedResult = Mapping[str, LaunchResult]
"""What a shared launch brought back: the result of each cell by its key, all of them, whatever happened."""
