"""The order of launches: every cell once per block, in a random order that the seed decides."""

import random
from collections.abc import Sequence
from typing import TypeVar

Cell = TypeVar("Cell")


def blocks(cells: Sequence[Cell], launches: int, seed: int) -> tuple[tuple[Cell, ...], ...]:
    """Return `launches` blocks, each holding every cell once in its own seeded random order.

    Drift of the machine thus falls on all cells alike. The first blocks do not depend on how many follow.
    """
    order = random.Random(seed)
    return tuple(tuple(order.sample(cells, len(cells))) for _ in range(launches))
