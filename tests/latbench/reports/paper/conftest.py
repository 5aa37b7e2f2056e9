"""A paper's table with ours beside it, as the formats get it: every kind of cell and note."""

import pytest

from latbench.papers.agreement import agreement
from latbench.papers.beside import Beside, Count, Line
from latbench.papers.counted import Counted
from latbench.papers.measured import Latency, Setting
from latbench.papers.table import parsed

FIGURES = (
    ("Net|A", "4.7", "0.6", "3.0", "10.2", Counted("net_a", 4_736_264, 579_111_424, 224)),
    ("B", "6.6", "0.8", "3.6", "13.4", Counted("b", 6_627_544, 773_098_752, 224, "reconstruction", "fitted")),
    ("C", "5.9", "1.1", "2.7", "16.5", Counted("timm:c", 5_717_416, 1_026_000_000, 224)),
    ("D", "12.9", "1.4", "5.5", "23.5", None),
    ("E", "1.0", "0.1", "1.5", "1.9", Counted("e", 1_000_000, None, 256)),
)
TOLD = {
    "name": "some-table1",
    "title": "Some table",
    "paper": "A paper",
    "source": "A paper, Table 1",
    "flops": "MACs",
    "flops_called": "MAdds",
    "notes": ["Read aloud."],
    "devices": [
        {"key": "P100", "name": "a GPU", "device": "gpu", "source": "Table 10"},
        {"key": "Xeon", "name": "a CPU", "device": "cpu", "runtime": "onnxruntime", "threads": 4},
    ],
    "rows": [
        {
            "label": label,
            "models": [label.lower()],
            "params_m": params,
            "flops_g": flops,
            "top1": "76.0",
            "speed": {"P100": gpu, "Xeon": cpu},
        }
        for label, params, flops, gpu, cpu, _ in FIGURES
    ],
}
TOLD["rows"][1] |= {"source": "a README", "note": "77 with distillation"}
HERE = Setting("onnxruntime", 4, "cpu", "This CPU", "fp32", "portable")
OTHER = Setting("onnxruntime", 4, "cpu", "This CPU", "fp32", "onnxruntime")
MEASURED = {
    "Net|A": Latency("ok", 10.0, 9.9, 10.1, "launches", "r1"),
    "B": Latency("ok", 8.0, 7.9, 8.2, "quick", "r2", others=2),
    "C": Latency("ok", 16.0, None, None, "paper", "r1"),
    "D": Latency("parity_failed", None, None, None, "launches", "r1"),
    "E": Latency("ok", 2.0, 1.9, 2.1, "launches", "r1"),
}


@pytest.fixture
def unmeasured():
    table = parsed(TOLD)
    lines = tuple(
        Line(
            row,
            here,
            Count(row.params, here and here.params, 0.01),
            Count(row.flops, here.macs if here and here.resolution == 224 else None, 0.03),
            {},
        )
        for row, (*_, here) in zip(table.rows, FIGURES, strict=True)
    )
    return Beside(table, lines, (), (), 0)


@pytest.fixture
def shown(unmeasured):
    table = unmeasured.table
    lines = tuple(
        Line(line.row, line.here, line.params, line.macs, {HERE: MEASURED[line.row.label]})
        for line in unmeasured.lines
    )
    agreements = tuple(
        agreement(device, HERE, {row.label: row.speed[device.key] for row in table.rows}, MEASURED)
        for device in table.devices
    )
    return Beside(table, lines, (HERE,), agreements, 3)
