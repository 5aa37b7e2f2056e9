from dataclasses import replace

import pytest

from latbench.errors import BadInput, Exit
from latbench.records.compare import stored
from latbench.records.compare.stored import APART, compare_files


def compared(old, new, **options):
    return compare_files(old, new, **{"margin": 0.02, **options})


def test_slower_and_faster_and_same(results, wave):
    old = results(
        "old", ({}, wave(2.0), "ok"), ({"runtime": "b"}, wave(2.0), "ok"), ({"runtime": "c"}, wave(2.0), "ok")
    )
    new = results(
        "new", ({}, wave(2.2), "ok"), ({"runtime": "b"}, wave(1.8), "ok"), ({"runtime": "c"}, wave(2.0), "ok")
    )
    found = compared(old, new)
    assert [pair.verdict for pair in found.pairs] == ["SLOWER", "FASTER", "SAME"]
    assert [pair.name for pair in found.pairs] == ["toy@fake", "toy@b", "toy@c"]
    assert found.pairs[0].ratio.estimate == pytest.approx(2.0 / 2.2, rel=1e-4)
    assert found.exit_code == Exit.SLOWER
    assert APART in found.notes


def test_a_csv_says_the_same_as_its_records(results, as_csv, wave):
    old, new = (results(name, ({}, wave(ms), "ok")) for name, ms in (("old", 2.0), ("new", 2.1)))
    (exact,) = compared(old, new).pairs
    (listed,) = compared(as_csv(old), as_csv(new)).pairs
    assert listed.verdict == exact.verdict == "SLOWER"
    assert listed.ratio.low == pytest.approx(exact.ratio.low, rel=1e-3)
    assert listed.ratio.high == pytest.approx(exact.ratio.high, rel=1e-3)


def test_noise_is_undecided(results, wave):
    rough = (1.0, 1.2, 0.8, 1.1, 0.9, 1.05)
    found = compared(
        results("old", ({}, wave(2.0, rough), "ok")), results("new", ({}, wave(2.1, rough), "ok"))
    )
    assert found.exit_code == Exit.UNDECIDED
    assert "more launches on each side" in found.pairs[0].reason


def test_another_machine_is_refused_with_both_values_and_the_waiver(results, wave):
    old = results("old", ({}, wave(2.0), "ok"))
    new = results("new", ({}, wave(2.0), "ok"), machine={"cpu_model": "C2", "usable_cpus": 2})
    with pytest.raises(
        BadInput, match=r"cpu_model \(C1 against C2\); measure both alike, or give --allow machine"
    ):
        compared(old, new)
    found = compared(old, new, allowed=("machine",))
    assert found.verdict == "SAME"
    assert found.allowed == ("machine",)
    assert found.pairs[0].differences["cpu_model"] == ("C1", "C2")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"threads": 4}, r"threads_requested \(2 against 4\).*--allow threads"),
        ({"precision": "bf16"}, r"precision_requested \(fp32 against bf16\).*--allow precision"),
        ({"target": "openvino"}, r"target \(portable against openvino\).*--allow target"),
        ({"batch": 8}, r"batch \(1 against 8\)"),
        ({"lowering": "expand=repeat"}, r"lowering \(expand=broadcast against expand=repeat\)"),
    ],
)
def test_what_differs_is_named(results, wave, change, told):
    old, new = results("old", ({}, wave(2.0), "ok")), results("new", (change, wave(2.0), "ok"))
    with pytest.raises(BadInput, match=told):
        compared(old, new)


def test_one_launch_has_no_interval_and_is_refused(results, wave):
    old = results("old", ({}, wave(2.0), "ok"))
    new = results("new", ({}, (2.0,), "ok"), protocol="paper")
    with pytest.raises(BadInput, match=r"new: 1 launch \(protocol paper\) has no interval"):
        compared(old, new)


def test_missing_and_failed_cells_never_pass(results, wave):
    cells = [({}, wave(2.0), "ok"), ({"runtime": "b"}, wave(2.0), "ok"), ({"runtime": "c"}, wave(2.0), "ok")]
    crashed = ({"runtime": "b"}, (), "crashed")
    found = compared(results("old", *cells), results("new", cells[0], crashed))
    assert [(pair.state, pair.verdict) for pair in found.pairs] == [
        ("compared", "SAME"),
        ("not_ok", None),
        ("missing", None),
    ]
    assert "it is crashed" in found.pairs[1].reason
    assert (found.verdict, found.exit_code) == ("INCOMPLETE", Exit.UNDECIDED)


def test_a_cell_that_is_new_is_listed_and_harmless(results, wave):
    cells = [({}, wave(2.0), "ok"), ({"runtime": "b"}, wave(2.0), "ok")]
    found = compared(results("old", cells[0]), results("new", *cells))
    assert [pair.state for pair in found.pairs] == ["compared", "new"]
    assert found.exit_code == Exit.OK


def test_one_cell_that_differs_among_others_is_listed(results, wave):
    old = results("old", ({}, wave(2.0), "ok"), ({"runtime": "b", "threads": 1}, wave(2.0), "ok"))
    new = results("new", ({}, wave(2.0), "ok"), ({"runtime": "b"}, wave(2.0), "ok"))
    found = compared(old, new)
    assert [pair.state for pair in found.pairs] == ["compared", "not_comparable"]
    assert "threads_requested (1 against 2)" in found.pairs[1].reason
    assert found.exit_code == Exit.UNDECIDED


def test_nothing_in_common_is_refused(results, wave):
    old, new = results("old", ({}, wave(2.0), "ok")), results("new", ({"model": "n"}, wave(2.0), "ok"))
    with pytest.raises(BadInput, match=r"no cell in common \(they hold toy@fake and n@fake\)"):
        compared(old, new)


def test_a_file_against_itself_is_refused(results, wave):
    old = results("old", ({}, wave(2.0), "ok"))
    with pytest.raises(BadInput, match="are the same file"):
        compared(old, old.parent / "old")
    with pytest.raises(BadInput, match="the same measurement, of run run-old"):
        compared(old, old / "records.jsonl")


def test_an_empty_file_is_refused(results, wave):
    old, new = results("old", ({}, wave(2.0), "ok")), results("new", ({}, wave(2.0), "ok"))
    for folder in (old, new):
        (folder / "records.jsonl").write_text("")
    with pytest.raises(BadInput, match="hold no cells"):
        compared(old, new)


def test_two_levels_are_compared_one_by_one(results, wave, monkeypatch):
    slow = {"old": 8.9, "new": 9.9}
    read = stored.load

    def load(path, warn):
        (one,) = read(path, warn)
        row = one.row | {"levels": 2.0}
        for level, latency in ((1, 5.7), (2, slow[path.name])):
            row |= {f"level_{level}_ms": latency, f"level_{level}_launches": 6}
            row |= {f"level_{level}_ci95_low_ms": latency - 0.1, f"level_{level}_ci95_high_ms": latency + 0.1}
        return [replace(one, row=row)]

    monkeypatch.setattr(stored, "load", load)
    found = compared(*(results(name, ({}, wave(5.7), "ok")) for name in slow))
    assert found.verdict == "SAME"
    assert [round(one.ratio.estimate, 3) for one in found.pairs[0].levels] == [1.0, 0.899]
    assert any("ran at several levels (old 2, new 2)" in note for note in found.notes)
