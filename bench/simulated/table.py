"""Findings as a CSV, as lines for a terminal, and as the tables of docs/statistics.md."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from pathlib import Path

from simulated.finding import Finding

COLUMNS = [item.name for item in fields(Finding)]


def write(path: Path, findings: Iterable[Finding]) -> None:
    """Write one line for each finding; shares are between 0 and 1, an empty cell promises nothing."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: "" if value is None else value for name, value in asdict(one).items()} for one in findings
        )


def read(path: Path) -> list[Finding]:
    """Return the findings that `write` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Finding(
                line["question"],
                line["case"],
                int(line["trials"]),
                float(line["share"]),
                *(float(line[name]) if line[name] else None for name in ("least", "most")),
            )
            for line in csv.DictReader(file)
        ]


def lines(findings: Iterable[Finding]) -> Iterable[str]:
    """Yield lines of text: each question, then its cases with what was seen and what was promised."""
    for question, group in groupby(findings, lambda one: one.question):
        yield f"\n{question[:1].upper()}{question[1:]}"
        for one in group:
            kept = "" if one.met() else "  NOT MET"
            yield f"  {one.case:<104} {_percent(one):>7}  {one.promised:<9}{kept}".rstrip()


def markdown(findings: Iterable[Finding]) -> str:
    """Return one table for each question; what follows the last semicolons becomes columns."""
    return "\n\n".join(
        _table(question, list(group)) for question, group in groupby(findings, lambda one: one.question)
    )


def _table(question: str, found: Sequence[Finding]) -> str:
    split = [one.case.rpartition("; ") for one in found]
    heads, tails = (list(dict.fromkeys(one[place] for one in split)) for place in (0, 2))
    crossed = len(tails) > 1 and len(found) == len(heads) * len(tails) and all(heads)
    cells: dict[str, list[Finding]] = {}
    for one, (head, _, _) in zip(found, split, strict=True):
        cells.setdefault(head if crossed else one.case, []).append(one)
    titles = [f"{question[:1].upper()}{question[1:]}", *(tails if crossed else ["seen"]), "promised"]
    rule = [":--", *["--:"] * (len(titles) - 2), ":--"]
    rows = [[case, *map(_percent, group), group[0].promised or "–"] for case, group in cells.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, rule, *rows))


def _percent(finding: Finding) -> str:
    return f"{100 * finding.share:.1f} %"
