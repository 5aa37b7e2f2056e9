"""Lowerings of the circular correlation (ParC), one a file: the same numbers from plainer operators."""

from functools import cache

from exporters.discovery import discover
from exporters.lowerings.base import Lowering


def lowerings() -> dict[str, Lowering]:
    """Return the lowerings by name."""
    return dict(_discovered())


@cache
def _discovered() -> dict[str, Lowering]:
    return discover("exporters.lowerings", "LOWERING", lambda item: item.name)
