"""What a tool is: its command line, what it prints, and how its way of calling differs from ours."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from latbench.runtimes.base import Arrays, Availability, Source

Probe = Callable[[], Mapping[str, int]]
"""One inference, told by one clock or several: nanoseconds by the name of the reading."""

OURS, THEIRS = "ours", "theirs"
"""The readings that every tool's probes must hold: our call by our clock, the tool's by its own."""


@dataclass(frozen=True)
class Work:
    """What a tool is to time: `source` and `reference` (.npz with `input:<name>`) have absolute paths.

    `folder` exists, for files that the tool needs; it is that of all launches of the session.
    """

    source: Source
    reference: Path
    threads: int
    iterations: int
    folder: Path


@dataclass(frozen=True)
class Said:
    """What a tool printed; times in nanoseconds, unknown is None.

    `rounding_ns` is how far a printed figure may lie from what it measured; `facts` what the tool says it
    used, under the names of `runtimes.base.Facts` ("threads", "precision") where it is the same thing.
    """

    median_ns: float
    mean_ns: float | None = None
    iterations: int | None = None
    rounding_ns: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cause:
    """A measurable reason to differ: reading `more` minus reading `less`, which ours has on top of theirs."""

    name: str
    more: str
    less: str
    why: str


class Unreadable(Exception):
    """The tool printed something else than it is known to print; the text says what is missing."""


class Tool(Protocol):
    """Somebody else's benchmark of a runtime that latbench measures too."""

    name: str
    runtime: str
    """The runtime of ours that loads the same artifact."""

    uncounted: int | None
    """Inferences that it makes before those it counts; None where that is not a fixed number."""

    differs: tuple[str, ...]
    """What it does in another way and cannot be told not to, a sentence each."""

    causes: tuple[Cause, ...]

    def check(self) -> Availability:
        """Tell whether the tool can run here, without raising and without importing a runtime."""

    def command(self, work: Work) -> list[str]:
        """Return the command line that times `work` in the way of ours, as far as the tool can."""

    def parse(self, output: str) -> Said:
        """Return what `output` says; Unreadable when it is not that of the tool."""

    def probes(self, session: Any, inputs: Arrays) -> Mapping[str, Probe]:
        """Return the ways of calling that `causes` compare, in a process where `session` of ours is bound.

        Empty when the tool's way cannot be gone from Python.
        """


_UNITS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}


def spoken(output: str, label: str) -> tuple[float, float]:
    """Return the figure after the regular expression `label`, in ns, and half its last printed digit.

    The figure stands with one of the units s, ms, us and ns; Unreadable when there is none.
    """
    found = re.search(rf"{label}\s*([\d.]+(?:e[+-]?\d+)?)\s*(s|ms|us|ns)\b", output)
    if found is None:
        raise Unreadable(f"it printed no {label!r}")
    digits, unit = found[1], _UNITS[found[2]]
    places = len(digits.partition("e")[0].partition(".")[2]) - int(digits.partition("e")[2] or 0)
    return float(digits) * unit, 0.5 * 10.0**-places * unit


def number(output: str, label: str) -> int | None:
    """Return the whole number after the regular expression `label`, None when there is none."""
    found = re.search(rf"{label}\s*(\d+)", output)
    return None if found is None else int(found[1])
