"""What disturbed a row: its flags in words, what mends each, and what its launches saw beside the model."""

from latbench.records import Measured, Row
from latbench.records.flags import flags
from latbench.reports.launches import lost
from latbench.reports.layout import aligned, beside
from latbench.reports.witnesses import seen, shown, summary


def disturbed(row: Row, measured: Measured | None = None) -> tuple[str, ...]:
    """Return lines that tell what disturbed `row`, or that nothing did as far as was looked.

    Without `measured`, the launches from the records, what they saw is said to be unknown.
    """
    if not row["launches"] and not row["flags"] and not (measured and measured.lost):
        return ("unknown: no launch finished",)
    flagged = _flags(row)
    if measured is None:
        return (
            *flagged,
            "",
            "What each launch saw stands in records.jsonl, not in a table: name its directory.",
        )
    return (*flagged, *_launches(measured))


def _flags(row: Row) -> tuple[str, ...]:
    known = {flag.name: flag for flag in flags()}
    if not row["flags"]:
        return (f"nothing of the {len(known)} things that latbench looks for",)
    lines: list[str] = []
    for fired in row["flags"].split(";"):
        flag = known.get(fired.partition("=")[0])
        lines.append(fired)
        lines += beside("", "A flag that this latbench does not know." if flag is None else flag.description)
        if flag is not None and flag.mend is not None:
            lines += beside("      to mend", flag.mend)
    return tuple(lines)


def _launches(measured: Measured) -> tuple[str, ...]:
    lines: list[str] = []
    if measured.kept:
        saw = seen(measured.kept)
        table = [["what the launches saw", "lowest", "median", "highest"]]
        for witness, figures in saw.figures.items():
            table.append([witness.label, *map(shown, summary(figures))])
        lines += ["", *(aligned(table, left=1) if saw.figures else ())]
        lines += _named("none seen", saw.none) + _named("not told here", saw.untold)
    failed = lost(measured.lost)
    return (*lines, *(("", *failed) if failed else ()))


def _named(label: str, names: tuple[str, ...]) -> list[str]:
    return list(beside(label, f"{'; '.join(names)}.")) if names else []
