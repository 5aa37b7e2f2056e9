"""Text set out for a terminal: columns that line up, and sentences beside a label."""

import re
import textwrap
from collections.abc import Iterable, Sequence

LABEL = 14
"""Characters before the text that stands beside a label."""

_WIDTH = 100
_GAP = "  "
_UNBROKEN = "\N{NO-BREAK SPACE}"
_UNIT = re.compile(r"(?<=[\d±]) (?=[%±\d]|ms\b)")
"""The space in "± 5.71", "5.71 ms" or "62 %"."""


def beside(label: str, sentence: str) -> tuple[str, ...]:
    """Return `sentence` as lines of at most 100 characters, `label` before the first."""
    lines = wrapped(sentence, _WIDTH - LABEL) or ("",)
    return tuple(
        f"{label if number == 0 else '':<{LABEL}}{line}".rstrip() for number, line in enumerate(lines)
    )


def wrapped(sentence: str, width: int = _WIDTH) -> tuple[str, ...]:
    """Return `sentence` as lines of at most `width` characters.

    A word longer than a line (a hash, a path) is left whole, and so is a figure with its unit.
    """
    whole = _UNIT.sub(_UNBROKEN, sentence)
    broken = textwrap.wrap(whole, width, break_long_words=False, break_on_hyphens=False)
    return tuple(line.replace(_UNBROKEN, " ") for line in broken)


def aligned(rows: Iterable[Sequence[str]], left: int = 0) -> tuple[str, ...]:
    """Return the cells of `rows` (of equal length) in columns, the first `left` of them flush left."""
    listed = list(rows)
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    return tuple(
        _GAP.join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in listed
    )
