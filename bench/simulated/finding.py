"""One line of the evidence: a rate that was seen, and the limits it has to keep."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """In how large a share of `trials` something happened, and between which shares it must lie.

    `least` and `most` are None where nothing is promised: the figure is then told because it is a limit that
    a reader should know.
    """

    question: str
    case: str
    trials: int
    share: float
    least: float | None = None
    most: float | None = None

    @property
    def promised(self) -> str:
        """The limits in words; empty where nothing is promised."""
        if self.least is None and self.most is None:
            return ""
        if self.least is None:
            return f"<= {100 * (self.most or 0):g} %"
        if self.most is None:
            return f">= {100 * self.least:g} %"
        return f"{100 * self.least:g}-{100 * self.most:g} %"

    def met(self, errors: float = 0.0) -> bool:
        """Tell whether the share keeps its limits, give or take as many binomial standard errors."""

        def give(limit: float) -> float:
            return errors * math.sqrt(limit * (1 - limit) / self.trials)

        low = self.least is None or self.share >= self.least - give(self.least)
        return low and (self.most is None or self.share <= self.most + give(self.most))
