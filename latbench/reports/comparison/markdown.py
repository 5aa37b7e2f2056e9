"""A comparison as GitHub-flavoured Markdown, for the comment of a bot."""

from latbench.records.compare.outcome import Comparison
from latbench.reports.comparison.base import Format, cells, heading, legend, reasons, remarks


def _render(comparison: Comparison) -> str:
    titles, rows, numeric = cells(comparison)
    table = [titles, ["--:" if right else ":--" for right in numeric]]
    table += [[_escaped(cell) for cell in line] for line in rows]
    lines = [f"### latbench compare: {_escaped(heading(comparison))}", ""]
    lines += [f"| {' | '.join(line)} |" for line in table]
    lines += ["", *(f"- {_escaped(sentence)}" for sentence in reasons(comparison))]
    more = [_escaped(sentence) for sentence in (legend(comparison), *remarks(comparison))]
    lines += ["", "<details><summary>How to read this, and what to know</summary>", ""]
    lines += [f"- {sentence}" for sentence in more]
    lines += ["", "</details>"]
    if comparison.redo:
        lines += ["", "Again:", "", f"    {comparison.redo}"]
    return "\n".join(lines) + "\n"


def _escaped(cell: str) -> str:
    """Return `cell` so that Markdown shows it as it is; @ is kept from naming a user."""
    for character in "\\|<*_`[":
        cell = cell.replace(character, f"\\{character}")
    return cell.strip().replace("@", "@<!-- -->").replace("\n", " ")


FORMAT = Format("markdown", "a heading with the verdict, the table, how to redo it", _render)
