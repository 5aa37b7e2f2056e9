"""Where text goes: data to stdout, progress and messages to stderr, escape sequences to terminals only."""

import os
import shutil
import sys


def say(sentence: str) -> None:
    """Print a message to stderr."""
    print(sentence, file=sys.stderr, flush=True)


def width() -> int | None:
    """Return the width of the terminal behind stdout in characters, None when it is a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def color() -> bool:
    """Tell whether stdout may be coloured (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def blocks() -> str:
    """Return the marks of a strip of figures that stdout can show: blocks, or plain characters."""
    from latbench.reports.spark import BLOCKS, PLAIN

    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return PLAIN
    return BLOCKS


def moves() -> bool:
    """Tell whether stderr is a terminal on which a line can be redrawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def duration(seconds: float) -> str:
    """Return seconds in words, to the precision of an estimate: "40 s", "12 min", "2 h 10 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
