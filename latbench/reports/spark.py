"""Figures as a strip of blocks, one a character: what moved, and how far, at a glance."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-~=+*#"
"""What stands for the blocks where they cannot be shown."""

_LEAST_SPAN = 1.1
"""A scale spans at least a tenth: noise of a percent must not look like a mountain."""


@dataclass(frozen=True)
class Scale:
    """From a positive figure to a mark: logarithmic, `low` at the first of `marks` and `high` at the last."""

    low: float
    high: float
    marks: str = BLOCKS

    @classmethod
    def over(cls, values: Iterable[float], marks: str = BLOCKS) -> Self:
        """Return the scale that holds all `values` (at least one, positive) and spans 1.1 times or more."""
        known = list(values)
        low, high = min(known), max(known)
        if high < _LEAST_SPAN * low:
            middle = math.sqrt(low * high)
            low, high = middle / math.sqrt(_LEAST_SPAN), middle * math.sqrt(_LEAST_SPAN)
        return cls(low, high, marks)

    def mark(self, value: float) -> str:
        """Return the mark of `value`; what lies beyond an end has the mark of that end."""
        if value <= self.low:
            return self.marks[0]
        height = math.log(value / self.low) / math.log(self.high / self.low)
        return self.marks[min(len(self.marks) - 1, int(height * len(self.marks)))]

    def strip(self, values: Iterable[float]) -> str:
        """Return the marks of `values`, in order."""
        return "".join(map(self.mark, values))
