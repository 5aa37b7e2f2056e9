"""What a statistic is: one number drawn from the samples of a cell, and the column that shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Launches = tuple[NDArray[np.int64], ...]
"""The samples of one cell in nanoseconds: one non-empty array per launch, in the order taken."""

NS_PER_MS = 1e6


@dataclass(frozen=True)
class Statistic:
    """One column. `compute` takes at least one launch and returns None where nothing honest can be said.

    `direction` tells which way is better, `order` where the column stands, `source` whose method it is.
    """

    name: str
    unit: str
    direction: Literal["lower", "higher", "none"]
    order: int
    description: str
    source: str
    compute: Callable[[Launches], float | None]
