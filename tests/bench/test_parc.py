"""The benchmark of ParC's lowerings: what is paired, how ratios come about, and when a goal is missed."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("parc", ROOT / "bench" / "parc.py")
parc = importlib.util.module_from_spec(_SPEC)
sys.modules["parc"] = parc
_SPEC.loader.exec_module(parc)


def pair(part="isolated", runtime="onnxruntime", axis="h", size=56, channels=64, **others):
    given = {"name": f"parc_{axis}_c{channels}_{size}", "baseline": "spatial", "goal": parc.ALWAYS} | others
    return parc.Pair(part=part, runtime=runtime, axis=axis, size=size, channels=channels, **given)


def runs(*times):
    """Samples of a process for each (baseline, candidate): five of each, one of them late."""
    return [[[base] * 4 + [9 * base], [mine] * 4 + [9 * mine]] for base, mine in times]


def test_a_ratio_is_the_median_over_processes_and_the_minimum_over_all():
    assert parc.ratios(runs((300, 100), (310, 100), (800, 100))) == (3.1, 3.0)


def test_operators_are_told_by_axis_with_the_median_over_channels_and_the_worst():
    taken = {pair(channels=count): runs((time, 100)) for count, time in ((32, 200), (64, 400), (96, 500))}
    (line,) = parc.lines(taken)
    assert (line.what, line.pairs, line.median, line.worst, line.goal) == ("axis h", 3, 4.0, 2.0, 3)
    assert line.met


@pytest.mark.parametrize(
    ("times", "met"),
    [((400, 400, 94), False), ((400, 400, 96), True), ((290, 290, 400), False)],
    ids=["one under the floor", "all over", "the median under the goal"],
)
def test_a_goal_is_missed_by_the_median_or_by_one_below_the_floor(times, met):
    taken = {pair(channels=count): runs((time, 100)) for count, time in enumerate(times, 1)}
    (line,) = parc.lines(taken)
    assert line.met is met


def test_each_part_has_its_goals(capsys):
    told = parc.lines(
        {
            pair(size=448, runtime="openvino"): runs((2400, 100)),
            pair("dft", axis="w", baseline="dft_op", goal=parc.DFT): runs((6900, 100)),
            pair("network", size=224, goal=None): runs((340, 100)),
            pair("models", axis=None, channels=None, name="m", size=224, goal=0.98): runs((99, 100)),
            pair("models", axis=None, channels=None, name="m", size=384, goal=1.05): runs((104, 100)),
        }
    )
    assert [(line.goal, line.met) for line in told] == [
        *((23, True), (70.0, False), (3.5, False), (0.98, True), (1.05, False))
    ]
    assert not parc.report(told)
    out = capsys.readouterr().out
    assert out.count("MISSED") == 4
    assert "2 of 5 goals met, 3 MISSED" in out
    assert parc.report(told[:1])


def test_the_goals_cover_what_is_measured():
    for goals, sizes in ((parc.ISOLATED, parc.SIZES), (parc.NETWORK, (56, 112, 224))):
        assert set(goals) == {(runtime, axis) for runtime in parc.RUNTIMES for axis in "hw"}
        assert all(tuple(sorted(of)) == sizes for of in goals.values())


def test_operators_over_the_memory_limit_are_left_out():
    found = list(parc.pairs("isolated", ("openvino",), 80))
    assert {(one.size, one.channels) for one in found} == {
        (size, count) for size in parc.SIZES for count in parc.CHANNELS if 4 * count * size**2 <= 80 * 2**20
    }
    assert (448, 192) not in {(one.size, one.channels) for one in found}
    assert not list(parc.pairs("dft", ("openvino",), 80)), "ONNX Runtime alone runs the DFT operator"


def test_models_are_measured_at_their_own_size_and_larger():
    found = list(parc.pairs("models", ("openvino",), 80))
    assert {(one.name, one.size) for one in found} >= {("parc_resnet50", 224), ("parcnet_s", 384)}
    assert {one.baseline for one in found} == {"plain"}


def test_what_was_lowered_is_counted(tmp_path):
    sites = [{"used": "spatial"}, {"used": "circulant"}, {"used": "circulant"}]
    (tmp_path / "m.json").write_text(json.dumps({"sites": sites}))
    assert parc.lowered(tmp_path / "m.onnx") == "circulant x2, spatial x1"


@pytest.mark.slow
def test_a_pair_is_exported_and_timed_on_both_runtimes(tmp_path):
    found = [one for one in parc.pairs("network", parc.RUNTIMES, 1) if one.size == 56]
    assert {one.runtime for one in found} == set(parc.RUNTIMES)
    files = {one: parc.export_pair(one, tmp_path, 1, None) for one in found}
    taken = parc.measure(files, 1, 0.01, 1)
    assert all(min(map(min, run)) > 0 for of_pair in taken.values() for run in of_pair)
    (*_, row) = parc.rows(taken, files, 1)
    assert row["samples"] >= parc.FEWEST
    assert row["lowered"]
