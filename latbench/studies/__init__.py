"""Questions made of many cells, one a file: each offers `STUDY`."""

from exporters.discovery import discover
from latbench.studies.base import Study


def studies() -> dict[str, Study]:
    """Return every study by name."""
    return discover(__name__, "STUDY", lambda study: study.name)
