import math

import numpy as np
import pytest

from latbench.records import Records
from latbench.stats import crossover_of_logs
from latbench.studies.crossover.answer import answer, location, place
from latbench.studies.crossover.grid import Asked
from latbench.studies.crossover.untried import untried

SIZES = (7, 14, 28, 56, 112)


def grown(by_hand, spatial, others, **kind):
    """Return a sweep of latencies above the empty call, each a function of the size."""
    made = by_hand(**kind)
    for size in SIZES:
        for lowering, latency in {"spatial": spatial, **others}.items():
            made.cell(f"parc_h_c64_{size}", lowering, 1000 + latency(size))
    return made.records()


def by_comparison(found):
    return {row["comparison"]: row for row in found.crossovers}


def test_the_three_comparisons_are_told_apart(by_hand):
    found = answer(
        grown(
            by_hand,
            lambda n: 100 * n**2,
            {
                "dft_op": lambda n: 900 * n**2,
                "dense_dft": lambda n: 100 * 28 * n,
                "circulant": lambda n: 100 * 10 * n,
            },
        )
    )
    rows = by_comparison(found)
    assert (rows["literal_fft"]["kind"], rows["literal_fft"]["interval"]) == ("baseline", "above 112")
    assert rows["literal_fft"]["wins_largest"] == "spatial"
    assert rows["lowered_fft"]["estimate"] == pytest.approx(28, rel=0.02)
    assert rows["best_exact"]["estimate"] == pytest.approx(10, rel=0.02)
    assert rows["best_exact"]["lowering_largest"] == "circulant"
    assert rows["lowered_fft"]["basis"] == "net"
    assert rows["best_exact"]["ratio_largest"] == pytest.approx(11.2, rel=0.01)
    assert {row["comparison"] for row in found.ratios} == set(rows)
    assert len(found.ratios) == 3 * len(SIZES)
    assert len(found.curves) == 4 * len(SIZES)
    assert len({tuple(row) for row in found.crossovers}) == 1


def test_a_note_says_where_the_overhead_changes_the_verdict(by_hand):
    """Launch by launch the same one is ahead, yet by shares that differ once the call is taken off."""
    made = by_hand(launches=2, drift=0.0)
    made.cell("parc_h_c64_7", "spatial", (2000, 1150)).cell("parc_h_c64_7", "dense_dft", (2300, 1010))
    (row,) = [row for row in answer(made.records()).crossovers if row["comparison"] == "lowered_fft"]
    assert row["ratio_smallest"] > 1 > row["raw_ratio_smallest"]
    (row,) = [
        row
        for row in answer(
            grown(by_hand, lambda n: 10 * n**2, {"dense_dft": lambda n: 400 * n}, noise=0.05)
        ).crossovers
        if row["comparison"] == "lowered_fft"
    ]
    assert row["estimate"] == pytest.approx(40, rel=0.2)
    assert row["raw_estimate"] == pytest.approx(40, rel=0.2)
    assert row["note"] is None


def test_what_was_not_measured_is_a_row_with_its_reason(by_hand):
    made = by_hand()
    for size in SIZES:
        made.cell(f"parc_h_c64_{size}", "spatial", 5000.0 * size)
        made.cell(f"parc_h_c64_{size}", "dft_op", None, reason="no kernel")
    refused = {"spatial": "too large", "circulant": "too large"}
    asked = Asked("parc_h_c64_448", (), refused=refused, runtimes=("onnxruntime",))
    found = answer(made.records(), extra=untried([asked], (1,)))
    rows = by_comparison(found)
    assert rows["literal_fft"]["kind"] == "unmeasured"
    assert rows["literal_fft"]["estimate"] is None
    assert "failed: no kernel" in rows["literal_fft"]["left_out"]
    assert "448: spatial skipped: too large" in rows["best_exact"]["left_out"]
    assert [row["reason"] for row in found.curves if row["size"] == 448] == ["too large"] * 2
    assert len({tuple(row) for row in found.crossovers}) == 1


def test_a_cell_out_of_parity_is_not_compared(by_hand):
    made = by_hand().cell("parc_h_c64_7", "spatial", 5000)
    made.cell("parc_h_c64_7", "circulant", 2000, status="parity_failed", reason="max_rel 1")
    (row,) = answer(made.records()).crossovers
    assert row["kind"] == "unmeasured"
    assert "parity_failed" in row["left_out"]


def test_a_size_below_its_empty_call_is_left_out_and_named(by_hand):
    made = by_hand(overhead=3000)
    for size in (7, 14, 28):
        made.cell(f"parc_h_c64_{size}", "spatial", 5000.0 * size)
        made.cell(f"parc_h_c64_{size}", "circulant", 2000 if size == 7 else 4000.0 * size)
    (row,) = answer(made.records()).crossovers
    assert (row["basis"], row["smallest"]) == ("net", 14)
    assert row["left_out"] == "7: a launch is not above an empty call"
    assert row["kind"] == row["raw_kind"] == "candidate"


def test_without_the_cost_of_a_call_latencies_are_compared_as_measured(by_hand):
    (row,) = [
        row
        for row in answer(
            grown(by_hand, lambda n: n**2, {"dense_dft": lambda n: 30 * n}, overhead=None)
        ).crossovers
        if row["comparison"] == "lowered_fft"
    ]
    assert row["basis"] == "raw"
    assert row["estimate"] == row["raw_estimate"]


def test_one_launch_has_no_interval_and_says_that_the_best_is_flattered(by_hand):
    found = answer(
        grown(
            by_hand,
            lambda n: n**2,
            {"circulant": lambda n: 30 * n, "grouped_conv": lambda n: 31 * n},
            launches=1,
        )
    )
    (row,) = found.crossovers
    assert row["ci95_low"] is None
    assert "[" not in row["interval"]
    assert "flattered" in row["note"]
    assert row["wins_largest"] is None


def test_a_location_says_what_lies_beyond_the_range():
    found = crossover_of_logs((7, 14), [np.array([0.5, 0.51]), np.array([0.6, 0.61])])
    assert location(found) == "below 7"
    assert place(math.inf, 7, 448) == "above 448"
    assert place(23.456, 7, 448) == "23.5"


def test_no_records_no_answer():
    found = answer(Records())
    assert (found.curves, found.ratios, found.crossovers) == ([], [], [])
