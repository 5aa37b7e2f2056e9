"""The tools, one file each, found by walking this folder."""

from exporters.discovery import discover
from latbench.crosscheck.base import Tool


def tools() -> dict[str, Tool]:
    """Return every tool by name; whether one can run here is asked of its `check`."""
    return discover(__name__, "TOOL", lambda tool: tool.name)
