"""A paper's table beside ours as one JSON object.

Keys: `schema` (1), `name`, `title`, `paper`, `source`, `flops` (what the published ones are: MACs or FLOPs),
`published_over_counted_macs` (`middle`: median, `least`, `most`, `networks`), `params_tolerance_percent` and
`macs_tolerance_percent` (beyond which, and beyond rounding, a figure is contradicted), `notes`, `devices`,
`settings`, `rows` and `ranks`.

Of each row: `published` (its label), `here` (the name of the network here, null without one), `absent`,
`evidence`, `evidence_why`, `resolution`, `note`, `top1`, `params`, `flops`, `macs`, `speed` (by device) and
`measured` (a list). A published figure is {`published` (number), `printed`, `source`}; params and macs have
`ours` and `contradicted` besides, counts in units of one. Latencies are in milliseconds. Unknown is null.
"""

from dataclasses import asdict
from typing import Any

from latbench.papers import Beside
from latbench.papers.beside import MACS_TOLERANCE, PARAMS_TOLERANCE, Count, Line
from latbench.papers.table import Figure
from latbench.records.line import dumps
from latbench.reports.formats.base import Page
from latbench.reports.paper.base import Format, names

SCHEMA = 1


def _render(shown: Beside, _: Page) -> str:
    table, named, seen = shown.table, names(shown.settings), shown.over_counted
    told = {
        "schema": SCHEMA,
        **{name: getattr(table, name) for name in ("name", "title", "paper", "source", "flops")},
        "published_over_counted_macs": None if seen is None else asdict(seen),
        "params_tolerance_percent": 100 * PARAMS_TOLERANCE,
        "macs_tolerance_percent": 100 * MACS_TOLERANCE,
        "notes": table.notes,
        "devices": [asdict(device) for device in table.devices],
        "settings": [{"name": named[one], **_setting(one)} for one in shown.settings],
        "rows": [_line(line, named) for line in shown.lines],
        "ranks": [
            {
                "device": one.device.key,
                "setting": named[one.setting],
                **asdict(one.correlation),
                "unlike": one.unlike,
                "other_order": one.swapped,
                "surely_other_order": one.surely,
            }
            for one in shown.agreements
        ],
    }
    return dumps(told, indent=2) + "\n"


def _setting(one: Any) -> dict[str, Any]:
    return {name: None if value in ("", -1) else value for name, value in asdict(one).items()}


def _line(line: Line, named: Any) -> dict[str, Any]:
    row, here = line.row, line.here
    return {
        "published": row.label,
        "here": None if here is None else here.name,
        "absent": row.absent,
        "evidence": None if here is None else here.label,
        "evidence_why": None if here is None else here.why or None,
        "resolution": row.resolution,
        "note": row.note,
        "top1": _figure(row.top1),
        "params": _count(line.params),
        "flops": _figure(row.flops),
        "macs": _count(line.macs),
        "speed": {key: _figure(figure) for key, figure in row.speed.items()},
        "measured": [{"setting": named[one], **asdict(found)} for one, found in line.measured.items()],
    }


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {"published": figure.value, "printed": figure.text, "source": figure.source}


def _count(count: Count) -> dict[str, Any]:
    published = _figure(count.published) or dict.fromkeys(("published", "printed", "source"))
    return {**published, "ours": count.ours, "contradicted": count.contradicted}


FORMAT = Format("json", "every figure with its source, and the rank correlations, unknown null", _render)
