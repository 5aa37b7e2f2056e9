"""The order of launches: block by block, every cell in each, in a random order that the seed decides."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Cell = TypeVar("Cell")

Schedule = Callable[[Sequence[Cell], int, int], tuple[tuple[Cell, int], ...]]
"""Takes the cells, the number of the block (from 0) and the seed; returns whom to launch in turn, each with
the index of that launch within its cell. A block does not depend on how many others there are."""


def blocks(cells: Sequence[Cell], number: int, seed: int) -> tuple[tuple[Cell, int], ...]:
    """Return every cell once, in a random order: drift of the machine falls on all cells alike."""
    order = _random(seed, number).sample(cells, len(cells))
    return tuple((cell, number) for cell in order)


def abba(cells: Sequence[Cell], number: int, seed: int) -> tuple[tuple[Cell, int], ...]:
    """Return every pair (cells 2k and 2k + 1) as A B B A or B A A B, the pairs in a random order.

    A drift that is steady within the block falls on both of a pair alike. Launch indices are 2 x number and
    2 x number + 1. ValueError for an odd number of cells.
    """
    if len(cells) % 2:
        raise ValueError(f"{len(cells)} cells are no pairs")
    drawn = _random(seed, number)
    pairs = [(cells[at], cells[at + 1]) for at in range(0, len(cells), 2)]
    turns: list[tuple[Cell, int]] = []
    for pair in drawn.sample(pairs, len(pairs)):
        first, second = drawn.sample(pair, 2)
        there, back = 2 * number, 2 * number + 1
        turns += [(first, there), (second, there), (second, back), (first, back)]
    return tuple(turns)


def _random(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}:{number}")


SCHEDULES: Mapping[str, Schedule[Any]] = {"blocks": blocks, "abba": abba}
PER_BLOCK: Mapping[str, int] = {"blocks": 1, "abba": 2}
"""Launches of a cell in one block."""
