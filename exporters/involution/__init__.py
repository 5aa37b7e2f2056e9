"""Involutions in a graph: found, whoever wrote them, and each written as the runtime computes it fastest.

Every module that offers a `LOWERING` is one way to write an involution.
"""

from functools import cache

from exporters.discovery import discover
from exporters.involution.base import Lowering


def lowerings() -> dict[str, Lowering]:
    """Return the lowerings by name."""
    return dict(_discovered())


@cache
def _discovered() -> dict[str, Lowering]:
    return discover("exporters.involution", "LOWERING", lambda item: item.name)
