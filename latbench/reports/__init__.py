"""Reports: rows as text or data frames, without torch or a runtime: any laptop can redraw every table."""

from latbench.reports.formats import formats
from latbench.reports.frame import frame
from latbench.reports.launches import launch_table
from latbench.reports.proof import card
from latbench.reports.stream import stream
from latbench.reports.table import render

__all__ = ["card", "formats", "frame", "launch_table", "render", "stream"]
