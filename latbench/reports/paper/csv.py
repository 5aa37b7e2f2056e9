"""A paper's table beside ours as CSV: a line for each row, every figure with its source, unknown empty.

The columns of published speeds and of measured latencies bear the names of their devices and settings. Rank
correlations are not in it; the JSON has them.
"""

import csv
import io
from typing import Any

from latbench.papers import Beside
from latbench.papers.beside import Line
from latbench.papers.table import Figure
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Format, names


def _render(shown: Beside, _: Page) -> str:
    rows = [_row(shown, line) for line in shown.lines]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _row(shown: Beside, line: Line) -> dict[str, Any]:
    row, here = line.row, line.here
    told: dict[str, Any] = {
        "table": shown.table.name,
        "published": row.label,
        "here": None if here is None else here.name,
        "evidence": None if here is None else here.label,
        "resolution": row.resolution,
        **_figure("top1", row.top1),
        **_figure("params", line.params.published),
        "params_ours": line.params.ours,
        "params_contradicted": _yes(line.params.contradicted),
        **_figure("macs", line.macs.published),
        "macs_ours": line.macs.ours,
        "macs_contradicted": _yes(line.macs.contradicted),
    }
    for device in shown.table.devices:
        unit = device.unit.replace("/", "_per_")
        told |= _figure(f"{device.key}_{unit}", row.speed.get(device.key))
    for setting, name in names(shown.settings).items():
        found = line.measured.get(setting)
        slug = name.replace(", ", "_").replace(" ", "_")
        for facet, value in (
            ("ms", "ms"),
            ("ci95_low_ms", "low"),
            ("ci95_high_ms", "high"),
            ("status", "status"),
        ):
            told[f"{slug}_{facet}"] = None if found is None else getattr(found, value)
    return told


def _figure(name: str, figure: Figure | None) -> dict[str, Any]:
    value = None if figure is None else figure.value
    return {name: value, f"{name}_source": None if figure is None else figure.source}


def _yes(contradicted: bool) -> str:
    return str(contradicted).lower()


FORMAT = Format("csv", "a line for each row of the paper's table, every figure with its source", _render)
