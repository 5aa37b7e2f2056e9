"""The proof card of one row: how sure the number is, what ran, what disturbed it."""

from latbench.records import Measured, Row
from latbench.reports.disturbed import disturbed
from latbench.reports.launches import medians
from latbench.reports.ran import asked, facts
from latbench.reports.spark import BLOCKS
from latbench.reports.sure import sure
from latbench.reports.title import title


def card(row: Row, measured: Measured | None = None, marks: str = BLOCKS) -> str:
    """Return the proof card of `row` as lines of text, in three parts; what is not known reads "unknown".

    The row is enough. `measured`, its launches from the records, adds what each saw and a strip of their
    medians, drawn with `marks`.
    """
    strip = () if measured is None else medians(measured.kept)
    sections = (
        (title(row),),
        ("HOW SURE", *sure(row, strip, marks)),
        ("WHAT RAN", *asked(row), "", *facts(row, () if measured is None else measured.kept)),
        ("WHAT DISTURBED IT", *disturbed(row, measured)),
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"
