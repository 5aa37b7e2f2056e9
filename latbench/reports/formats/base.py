"""What a format is: ranked rows in, text out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from latbench.reports.ranking import Ranked


@dataclass(frozen=True)
class Page:
    """What the text is written on: its `width` in characters (None: as wide as it takes), colour or not."""

    width: int | None = None
    color: bool = False


@dataclass(frozen=True)
class Format:
    """One way to write a table: `render` returns the whole text, its last line end included."""

    name: str
    description: str
    render: Callable[[Sequence[Ranked], Page], str]
