"""What each operator does to complex values, by its name; every file here offers its share."""

from functools import cache

from exporters.discovery import discover
from exporters.fourier.rules.base import Rule


@cache
def rules() -> dict[str, Rule]:
    """Return the rules by the operator's name without its overload, as "aten.mul"."""
    return discover("exporters.fourier.rules", "RULES", lambda rule: rule.name)
