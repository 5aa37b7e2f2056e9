from dataclasses import replace

import pytest

from exporters.lowerings.table import Row, Table, parsed
from latbench.errors import BadInput
from latbench.studies.tune import changes, table_of, updated

H, NET, W = "parc_h_c64_56", "parc_h_c64_56_net", "parc_w_c32_28"


def cells(name, runtime="onnxruntime", **latencies):
    return [(name, runtime, lowering.replace("__", "+"), latency) for lowering, latency in latencies.items()]


@pytest.fixture
def table(swept):
    return table_of(
        swept(
            [
                *cells(H, spatial=900_000, circulant=300_000, grouped_conv=450_000, auto=1),
                *cells(NET, "openvino", spatial=800_000, circulant__matmul=400_000, crt4_8=None),
                *cells(H, "pytorch", spatial=100_000, fft=50_000),
                *cells(W, circulant=1),
                *cells("efficientmod_s", spatial=1),
            ]
        )
    )


def test_every_lowering_measured_beside_the_spatial_form_is_a_row(table):
    assert [
        (row.runtime, row.neighbours, row.lowering, round(row.over_spatial, 6)) for row in table.rows
    ] == [
        ("onnxruntime", "none", "circulant", 3.0),
        ("onnxruntime", "none", "grouped_conv", 2.0),
        ("onnxruntime", "none", "spatial", 1.0),
        ("openvino", "conv", "circulant+matmul", 2.0),
        ("openvino", "conv", "spatial", 1.0),
        ("pytorch", "none", "fft", 2.0),
        ("pytorch", "none", "spatial", 1.0),
    ]


def test_ratios_pair_launches_so_that_a_drift_cancels(table):
    row = table.rows[0]
    assert (row.axis, row.length, row.channels, row.threads, row.dense) == ("h", 56, 64, 1, False)
    assert row.ms == pytest.approx(0.33)
    assert row.ci95_low == pytest.approx(3.0, rel=1e-4)
    assert row.ci95_high == pytest.approx(3.0, rel=1e-4)
    assert table.rows[2].ci95_low is None


def test_the_table_names_its_machine_and_reads_back(table):
    assert table.facts == {
        "machine": "This CPU, 2 CPUs",
        "cpu": "This CPU",
        "date": "2026-01-01",
        "versions": "onnxruntime 1.0",
        "launches": "3",
    }
    again = parsed(table.text().encode(), "a.csv")
    assert [(row.cell, row.lowering) for row in again.rows] == [
        (row.cell, row.lowering) for row in table.rows
    ]
    assert again.rows[0].over_spatial == pytest.approx(3.0)
    assert again.matches("This CPU")


def test_launches_of_one_side_alone_do_not_count(swept):
    found = swept(cells(H, spatial=900_000, circulant=300_000))
    mine = [one for one in found.launches if one.cell_id == found.runs[0].cells[1].cell_id]
    kept = tuple(one for one in found.launches if one is not mine[2])
    (row, _) = table_of(replace(found, launches=kept)).rows
    assert row.ms == pytest.approx(0.315), "the median of the launches that both have"


@pytest.mark.parametrize("made", [[], cells(H, circulant=1), cells(H, spatial=None, circulant=1)])
def test_records_that_compare_nothing_are_refused(swept, made):
    with pytest.raises(BadInput, match="No operator was measured both in the spatial form and lowered"):
        table_of(swept(made) if made else replace(swept(cells(H, spatial=1)), runs=()))


def row(**changes):
    base = Row("onnxruntime", "h", 56, 64, 1, "none", False, "grouped_conv", 0.2, 2.5, cpu="This CPU")
    return replace(base, **changes)


def test_older_rows_of_this_machine_are_kept_and_those_of_another_are_not(table):
    old = Table((row(), row(length=28)), {"cpu": "This CPU"})
    kept = updated(table, old)
    assert row(length=28) in kept.rows
    assert row() not in kept.rows, "that cell was measured anew"
    assert updated(table, replace(old, facts={"cpu": "Another"})) is table
    assert updated(table, None) is table


def test_what_changes_is_told_with_both_choices_as_measured_now(table):
    other = {"cpu": "Another"}
    old = Table(
        (
            row(),
            row(runtime="openvino", neighbours="conv", lowering="crt4_8"),
            row(runtime="pytorch", lowering="fft", over_spatial=0.5),
        ),
        other,
    )
    first, second, third = changes(table, old)
    assert (first["chosen"], first["before"]) == ("circulant", "grouped_conv")
    assert (first["over_spatial"], first["before_over_spatial"]) == (pytest.approx(3), pytest.approx(2))
    assert (second["chosen"], second["before"]) == ("circulant+matmul", "crt4_8")
    assert second["before_over_spatial"] is None, "not measured here"
    assert (third["chosen"], third["before"]) == ("fft", "spatial")
