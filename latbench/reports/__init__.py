"""Reports: rows as text. Needs neither torch nor a runtime, so that any laptop can redraw every table."""

from latbench.reports.formats import formats
from latbench.reports.proof import card
from latbench.reports.table import render

__all__ = ["card", "formats", "render"]
