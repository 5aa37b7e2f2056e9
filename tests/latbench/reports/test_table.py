import csv
import io
import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from latbench.errors import BadInput
from latbench.records import csvfile
from latbench.reports import formats, render

GOLDEN = Path(__file__).parents[2] / "data" / "reports"


def test_golden_terminal(rows):
    assert render(rows, width=80) == (GOLDEN / "table.txt").read_text("utf-8")


def test_golden_markdown(rows):
    assert render(rows, "markdown") == (GOLDEN / "table.md").read_text("utf-8")


def test_the_formats():
    assert sorted(formats()) == ["csv", "json", "markdown", "table"]
    assert all(format_.description for format_ in formats().values())


def test_an_unknown_format_is_said(rows):
    with pytest.raises(BadInput, match="no format 'html'; --format is one of csv, json, markdown, table"):
        render(rows, "html")


@pytest.mark.parametrize("width", [30, 60, 80, 100, 120, 160, 200])
def test_a_terminal_table_stays_inside_its_width(rows, width):
    rows[0] = rows[0] | {"model": "模型" * 8, "flags": "precision_differs=fp32->bf16;threads_differ=4->2"}
    assert max(map(cell_len, render(rows, width=width).splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 200, None])
def test_no_flag_status_or_reason_is_lost_at_any_width(rows, width):
    shown = " ".join(render(rows, width=width).split())
    for told in ("no_interval=1", "parity_unchecked=1/1", "parity_failed", "killed by signal 11"):
        assert told in shown


def test_latency_on_the_device_is_a_column_where_any_row_has_it(rows):
    assert "device ms" not in render(rows)
    rows[0] = rows[0] | {"device_median_ms": 1.5, "device_ci95_low_ms": 1.4, "device_ci95_high_ms": 1.6}
    for width in (80, 120, None):
        shown = render(rows, width=width)
        assert "device ms" in shown
        assert "1.50 ± 0.10" in shown
        assert "device: the inference on the GPU alone" in " ".join(shown.split())
    assert "device ms" in render(rows, "markdown")


def test_options_of_a_runtime_tell_rows_apart(rows):
    rows = [rows[0] | {"runtime_options": options} for options in ("level=1", "level=2")]
    shown = render(rows)
    assert "options" in shown.splitlines()[0]
    assert "level=2" in shown
    assert "options level=1" in render([rows[0]])


def test_without_a_width_every_column_is_shown(rows):
    header = render(rows).splitlines()[0].split("   ")
    assert [title.strip() for title in header if title.strip()] == [
        *(
            "#",
            "model",
            "runtime",
            "threads",
            "status",
            "latency ms",
            "min",
            "p99",
            "first",
            "load",
            "RSS MiB",
        ),
        *("parity", "target", "sha", "flags"),
    ]


def test_status_is_shown_only_where_something_is_not_ok(row):
    assert "status" not in render([row()])
    assert "status" in render([row(), row(status="pending", reason="3 of 10 launches finished")])


def test_settings_that_differ_become_columns(row):
    same, other = row(), row(precision_requested="bf16", device="cuda", batch=8)
    shown = render([same, other])
    assert {"precision", "device", "batch"} <= set(shown.splitlines()[0].split())
    assert "batch 1" not in shown
    assert "batch 1" in render([same])


def test_levels_have_a_column_only_where_a_row_has_several(row, levelled):
    assert "levels" not in render([row()])
    shown = render([row(runtime="openvino"), levelled()])
    assert "levels ms" in shown.splitlines()[0]
    assert {"5.71 (62 %)", "8.90 (38 %)"} <= {part.strip() for part in shown.replace("\n", "  ").split("  ")}
    assert "levels: latencies between which" in shown
    assert "5.71 (62 %)<br>8.90 (38 %)" in render([levelled()], "markdown")


def test_the_best_has_a_column_only_where_a_row_was_disturbed(row):
    best = {"best_ms": 5.43, "best_share_percent": 23.0}
    assert "best" not in render([row(**best)], "markdown")
    shown = render([row(latency=7.1, flags="disturbed=1.31x", **best), row(latency=9.0)], "markdown")
    assert "best ms" in shown.splitlines()[0]
    assert "| 5.43 (23 %) |" in shown.splitlines()[2]
    assert "| – |" in shown.splitlines()[3]


def test_one_level_is_told_from_levels_not_looked_for(row, level, levelled):
    single = row(levels=1.0, **level(1, 12.3, 12.2, 12.4, 100.0, 10.0))
    lines = render([levelled(), single, row(latency=90.0)], "markdown").splitlines()[2:5]
    assert [line.split(" | ")[5] for line in lines] == ["5.71 (62 %)<br>8.90 (38 %)", "one", "–"]


def test_a_flag_does_not_repeat_the_levels_shown(row, levelled):
    shown = render([levelled(flags="levels=5.71|8.90 ms;stolen=2%")], "markdown")
    assert "stolen=2%" in shown
    assert "levels=" not in shown
    assert "levels=5.71" in render([row(flags="levels=5.71|8.90 ms")])


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_levels_are_told_at_any_width(levelled, width):
    shown = render([levelled()], width=width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert "5.71 (62 %)" in shown
    assert "8.90 (38 %)" in shown


@pytest.mark.parametrize("width", [60, 80, 200, None])
@pytest.mark.parametrize("others", [(), ("launches",)])
def test_a_quick_row_never_looks_like_a_full_one(row, width, others):
    quick = row(protocol="quick") | {"precision_target_percent": 5.0}
    shown = render([quick, *(row(protocol=name) for name in others)], width=width)
    assert "protocol" in shown.splitlines()[0]
    assert "quick: a rough answer" in " ".join(shown.split())
    assert all(name in " ".join(shown.split()) for name in ("quick", *others))


def test_a_protocol_shared_by_all_stands_in_the_caption(row):
    asked = row(protocol="adaptive") | {"precision_target_percent": 1.0}
    shown = render([asked])
    assert "asked for ± 1 %" in shown
    assert "protocol adaptive" in shown
    assert "adaptive: launches until" in shown
    assert "protocol" not in render([row()])


def test_the_arms_of_a_comparison_are_told_apart(row):
    shown = render([row() | {"arm": "A"}, row() | {"arm": "B"}], "markdown")
    assert "| arm |" in shown
    assert "arm" not in render([row()]).splitlines()[0]


def test_targets_that_differ_become_a_column(row):
    both = [row(protocol="adaptive") | {"precision_target_percent": target} for target in (1.0, 2.5)]
    shown = render(both, "markdown")
    assert "asked ± %" in shown.splitlines()[0]
    assert "| 2.5 |" in shown


def test_a_row_that_did_not_converge_says_so_and_has_no_rank(row):
    wide = row(status="not_converged", reason="± 3.1 % after 60 s", protocol="adaptive")
    shown = render([wide], "markdown")
    assert shown.splitlines()[2].startswith("| – |")
    assert "4 threads: not\\_converged: ± 3.1 % after 60 s" in shown
    assert "1 thread: not\\_converged" in render([{**wide, "threads_requested": 1}], "markdown")


def test_a_percentile_without_a_licence_is_a_dash(row):
    line = render([row(latency_p99_ms=None)]).splitlines()[2]
    assert line.split()[8] == "–"


def test_markup_in_a_name_is_shown_as_it_is(row):
    assert "[red]x[/red]" in render([row(model="[red]x[/red]")])
    assert "| \\[red]x\\[/red] |" in render([row(model="[red]x[/red]")], "markdown")


def test_colour_only_when_allowed(rows):
    assert "\x1b[" not in render(rows)
    assert "\x1b[" in render(rows, color=True)


def test_csv_holds_every_row_and_column_in_the_order_of_the_table(rows, tmp_path):
    shown = render(rows, "csv")
    lines = list(csv.DictReader(io.StringIO(shown)))
    assert [(line["runtime"], line["status"]) for line in lines] == [
        ("onnxruntime", "ok"),
        ("pytorch", "ok"),
        ("openvino", "crashed"),
        ("onnxruntime", "ok"),
        ("openvino", "parity_failed"),
    ]
    (tmp_path / "latency.csv").write_text(shown)
    assert csvfile.read(tmp_path / "latency.csv") == [rows[1], rows[0], *rows[2:]]


def test_json_holds_every_row_and_its_rank(rows):
    rows[4]["parity_max_rel"] = float("inf")
    shown = json.loads(render(rows, "json"), parse_constant=pytest.fail)
    assert [row["rank"] for row in shown] == [1, 2, None, 1, None]
    assert {name: value for name, value in shown[0].items() if name != "rank"} == rows[1]
    assert shown[4]["parity_max_rel"] == "inf"


@pytest.mark.parametrize("format_", ["table", "csv", "json", "markdown"])
def test_no_rows_is_no_error(format_):
    assert render([], format_, width=80)


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_a_reconstruction_is_called_one_at_any_width(row, form):
    rows = [row("cetnet_t", evidence="reconstruction"), row("swin_tiny", evidence="published")]
    shown = render(rows, form, width=80)
    assert "reconstruction" in shown
    assert shown.count("reconstruction") == 1
