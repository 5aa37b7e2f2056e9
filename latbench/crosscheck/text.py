"""Rows of a crosscheck as text for people."""

from collections.abc import Mapping, Sequence

from latbench.crosscheck.agreement import AGREE, FAILED, MARGIN, OFF, SKIPPED, UNDECIDED, WARMUP, Row
from latbench.crosscheck.base import Tool

_SAID = {
    AGREE: f"agree within {100 * MARGIN:g} %",
    OFF: f"differ by more than {100 * MARGIN:g} %",
    UNDECIDED: "undecided",
    FAILED: "failed",
    SKIPPED: "skipped",
}


def told(rows: Sequence[Row], tools: Mapping[str, Tool]) -> str:
    """Return a paragraph for each row: both figures, the verdict, and the difference taken apart."""
    return "\n\n".join("\n".join(_paragraph(row, tools[row["tool"]])) for row in rows) + "\n"


def _paragraph(row: Row, tool: Tool) -> list[str]:
    if row["verdict"] in (SKIPPED, FAILED):
        return [f"{row['tool']} on {row['model']}: {_SAID[row['verdict']]}: {row['reason']}"]
    version = f" {row['tool_version']}" if row["tool_version"] else ""
    lines = [
        f"{row['model']} on {row['runtime']}, {row['threads']} threads, {row['blocks']} blocks, "
        f"artifact {str(row['artifact_sha256'])[:8]}",
        f"  latbench {row['ours_ms']:.3f} ms, {row['tool']}{version} {row['theirs_ms']:.3f} ms (medians)",
        f"  ours / theirs, block by block {row['ratio']:.4f}{_ends(row, 'ratio', '.4f')}: "
        f"{_SAID[row['verdict']]} ({row['reason']}{_more(row)})",
        f"  difference {row['difference_us']:+.1f} us{_ends(row, 'difference', '+.1f', '_us')}, of which",
    ]
    reasons = {cause.name: cause.why for cause in tool.causes} | {WARMUP: "which inferences are counted"}
    width = max(map(len, (*row["parts_us"], "not explained")))
    for name, value in row["parts_us"].items():
        lines.append(f"    {name:{width}} {value:+8.1f} us   {reasons[name]}")
    lines.append(
        f"    {'not explained':{width}} {row['remainder_us']:+8.1f} us"
        f"{_ends(row, 'remainder', '+.1f', '_us')}"
    )
    if row["in_turns_us"] is not None:
        lines.append(
            f"  In one process, both ways in turns, ours reads {row['in_turns_us']:+.1f} us"
            f"{_ends(row, 'in_turns', '+.1f', '_us')} ({row['in_turns_us'] / row['theirs_ms'] / 10:+.2f} %)."
        )
    if row["rounding_us"]:
        lines.append(f"  Its figures are rounded: each may be {row['rounding_us']:g} us off.")
    if row["theirs_mean_ms"] is not None:
        lines.append(
            f"  Means, which outliers move: latbench {row['ours_mean_ms']:.3f} ms, "
            f"{row['tool']} {row['theirs_mean_ms']:.3f} ms."
        )
    return [*lines, *(f"  {sentence}" for sentence in tool.differs)]


def _ends(row: Row, name: str, form: str, unit: str = "") -> str:
    low, high = row[f"{name}_low{unit}"], row[f"{name}_high{unit}"]
    return "" if low is None or high is None else f" [{low:{form}}, {high:{form}}]"


def _more(row: Row) -> str:
    needed = row["blocks_needed"]
    return "" if needed is None else f"; about {needed} more blocks would tell"
