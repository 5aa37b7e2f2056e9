from dataclasses import replace

from latbench.records.compare.outcome import Bounds
from latbench.reports.comparison.base import (
    bounds,
    cells,
    heading,
    latency,
    legend,
    percent,
    reasons,
    remarks,
)


def test_a_ratio_and_its_interval():
    assert bounds(Bounds(0.909, 0.892, 0.926)) == "0.909 (0.892 to 0.926)"
    assert bounds(Bounds(0.909, None, None)) == "0.909"
    assert bounds(None) == "–"


def test_a_latency_or_how_it_ended(row):
    assert latency(row(latency=10.0, half=0.1)) == "10.00 ± 0.10"
    assert latency(row(latency=None, status="crashed")) == "crashed"
    assert latency(None) == "–"


def test_the_heading_counts_what_there_is(comparison, pair, failed):
    assert heading(comparison()) == "SLOWER"
    several = comparison(pair(verdict="SAME"), pair(verdict="SAME"), failed)
    assert heading(several) == "NOT MEASURED (3 pairs: 2 SAME, 1 not ok)"


def test_one_name_where_both_sides_share_it_else_two(comparison, pair):
    titles, rows, numeric = cells(comparison(pair(), form="stored"))
    assert titles == ["cell", "old ms", "new ms", "old / new (95 %)", "verdict"]
    assert rows == [["m@onnxruntime", "10.00 ± 0.10", "11.00 ± 0.10", "0.909 (0.892 to 0.926)", "SLOWER"]]
    assert numeric == [False, True, True, True, False]
    titles, rows, _ = cells(comparison(pair(baseline_label="x", candidate_label="y")))
    assert titles[:2] == ["A", "B"]
    assert rows[0][:2] == ["x", "y"]
    assert rows[0][-2:] == ["1.001 (0.990 to 1.012)", "SLOWER"]


def test_a_cell_of_one_side_leaves_the_other_open(comparison, pair):
    lone = pair(candidate=None, candidate_label="", state="missing", verdict=None, ratio=None)
    _, rows, _ = cells(comparison(lone, form="stored"))
    assert rows == [["m@onnxruntime", "10.00 ± 0.10", "–", "–", "missing"]]


def test_levels_stand_below_their_cell(comparison, levelled):
    _, rows, _ = cells(comparison(levelled, form="stored"))
    assert [line[:4] for line in rows[1:]] == [
        ["  level 1", "5.7", "5.7", "1.000 (0.990 to 1.010)"],
        ["  level 2", "8.9", "9.9", "0.909 (0.892 to 0.926)"],
    ]


def test_the_legend_says_the_unit_the_margin_and_what_was_waived(comparison):
    told = legend(comparison(form="stored", allowed=("machine",)))
    for words in ("old over that of new", "over launches", "Margin 2 %", "Differences allowed: machine."):
        assert words in told
    assert "over blocks" in legend(comparison())
    assert percent(0.005) == "0.5 %"


def test_reasons_are_named_where_there_are_several(comparison, pair, failed):
    assert reasons(comparison(failed)) == ["B crashed: SIGSEGV."]
    assert reasons(comparison(pair(), failed))[1] == "m@openvino: B crashed: SIGSEGV."


def test_flags_differences_notes_and_what_would_decide(comparison, pair):
    found = comparison(
        pair(differences={"runtime_version": ("1.30", "1.31"), "artifact_sha256": ("0" * 64, None)}),
        form="stored",
        notes=("A note.",),
        more="latbench compare a b --blocks 30",
    )
    told = remarks(found)
    assert "old -> new: runtime_version 1.30 -> 1.31, artifact_sha256 00000000... -> –." in told
    assert "new: stolen=0.5, drift=+3 %." in told
    assert any(line.startswith("stolen: ") for line in told)
    assert told[-2:] == ["A note.", "To decide: latbench compare a b --blocks 30"]


def test_names_stand_before_remarks_where_there_are_several(comparison, pair):
    told = remarks(comparison(pair(), pair("m@openvino")))
    assert "m@openvino, B: stolen=0.5, drift=+3 %." in told
    assert "2, B: stolen=0.5, drift=+3 %." in remarks(comparison(pair(), pair()), ["1", "2"])


def test_a_reconstruction_is_called_one(comparison, pair):
    whole = pair()
    labelled = replace(whole, candidate={**whole.candidate, "evidence": "reconstruction"})
    (told,) = [line for line in remarks(comparison(labelled)) if "reconstruction" in line]
    assert told == f"B: {whole.candidate['model']} (reconstruction)."
