"""Graph passes, one a file: each exact to rounding, each run only where its requirements hold."""

from exporters.discovery import discover
from exporters.passes.base import Pass


def passes() -> dict[str, Pass]:
    """Return the passes by name."""
    return discover("exporters.passes", "PASS", lambda item: item.name)
