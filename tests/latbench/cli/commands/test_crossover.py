import csv
import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from latbench.pipeline import sweep
from latbench.records import Store
from latbench.reports import plot_crossover

SIZES = (7, 14, 28)


def write(records, folder):
    with Store.open(folder) as store:
        for record in (*records.runs, *records.launches, *records.cells):
            store.append(record)


@pytest.fixture
def measuring(by_hand, monkeypatch):
    """Puts hand-made records in the place of a sweep; returns the options that it was asked for."""
    asked = []

    def measure(options, _watch=None, _command=()):
        asked.append(options)
        made = by_hand(noise=0.01)
        for group in options.groups:
            size = int(group.name.split("_")[3])
            for runtime in group.runtimes:
                for lowering in group.lowerings:
                    took = 100 * size**2 if lowering == "spatial" else 2000 * size
                    reason = "no such operator" if lowering == "dft_op" else None
                    made.cell(
                        group.name, lowering, None if reason else 1000 + took, runtime=runtime, reason=reason
                    )
        write(made.records(), options.output)
        return SimpleNamespace(run_id="r")

    monkeypatch.setattr(sweep, "sweep", measure)
    return asked


@pytest.fixture
def undrawn(monkeypatch):
    """Leaves the figures out: they take a second each, and have tests of their own."""
    monkeypatch.setattr(plot_crossover, "draw", lambda *_rows: [])


@pytest.fixture
def words(tmp_path):
    """A small crossover into `tmp_path / "results"`."""
    return (
        *("crossover", "--resolutions", "7:28", "--channels", 32, "--axis", "h", "--runtime", "onnxruntime"),
        *("--lowering", "circulant", "--lowering", "dft_op", "--output", tmp_path / "results"),
    )


def test_options_of_a_runtime_reach_the_sweep(latbench, words, measuring, undrawn):
    more = ("--runtime", "fake", "--set", "fake.level=5")
    assert latbench(*words, *more)[0] == 0
    assert measuring[0].knobs == {"fake": {"level": 5}}


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_is_bounded_unless_asked_otherwise(latbench, measuring, words, undrawn):
    assert latbench(*words)[0] == 0
    assert (measuring[0].launches, measuring[0].time_limit) == (4, 2500)


def test_it_measures_the_grid_and_leaves_the_answer(latbench, measuring, words, tmp_path):
    code, out, err = latbench(*words, "--threads", "1", "--launches", 4, "--time-limit", 60)
    assert code == 0, err
    (options,) = measuring
    assert [group.name for group in options.groups] == [f"parc_h_c32_{size}" for size in SIZES]
    assert options.groups[0].lowerings == ("spatial", "circulant", "dft_op")
    assert (options.launches, options.time_limit, options.threads) == (4, 60, (1,))
    folder = tmp_path / "results"
    rows = {row["comparison"]: row for row in table(folder / "crossover.csv")}
    assert float(rows["best_exact"]["estimate"]) == pytest.approx(20, rel=0.1)
    assert rows["literal_fft"]["kind"] == "unmeasured"
    assert len(table(folder / "curves.csv")) == 3 * len(SIZES)
    assert {row["exact"] for row in table(folder / "curves.csv")} <= {"true", "false"}
    assert len(table(folder / "ratios.csv")) == len(SIZES)
    assert (folder / "crossover_c32.svg").exists()
    assert (folder / "crossover_c32.png").exists()
    assert "The best exact lowering against the spatial form: onnxruntime along H, overtakes at" in out
    assert "not measured (failed: no such operator)" in out
    assert "crossover_c32.svg" in err


@pytest.mark.usefixtures("undrawn")
def test_a_module_is_measured_in_its_own_forms_beside_the_graphs(latbench, measuring, words):
    code, _, err = latbench(*words[:-6], "--runtime", "pytorch", *words[-2:])
    assert code == 0, err
    (options,) = measuring
    assert (options.device, options.target) == ("cpu", "fastest")
    graph, module = options.groups[:2]
    assert (graph.runtimes, module.runtimes) == (("onnxruntime",), ("pytorch",))
    assert graph.name == module.name
    assert "circulant" in graph.lowerings
    assert module.lowerings == ("spatial", "fft")


@pytest.mark.usefixtures("undrawn")
def test_on_a_gpu_every_runtime_has_the_portable_graph(latbench, measuring, words):
    code, _, err = latbench(*words[:-6], "--runtime", "pytorch", *words[-2:], "--device", "cuda")
    assert code == 0, err
    (options,) = measuring
    assert (options.device, options.target) == ("cuda", "portable")
    assert "dft_op" not in options.groups[0].lowerings


@pytest.mark.usefixtures("undrawn")
def test_a_finished_one_is_shown_again_in_each_format(latbench, measuring, words, tmp_path):
    latbench(*words)
    for path in (tmp_path / "results").glob("cr*"):
        path.unlink()
    _, out, err = latbench("crossover", tmp_path / "results", "--format", "json")
    rows = json.loads(out)
    assert [row["comparison"] for row in rows] == ["literal_fft", "best_exact"]
    assert "overtakes at" in err
    assert (tmp_path / "results" / "crossover.csv").exists()
    _, out, _ = latbench("crossover", tmp_path / "results", "--format", "csv")
    assert out.startswith("comparison,runtime,")
    assert len(measuring) == 1


@pytest.mark.usefixtures("undrawn")
def test_several_are_shown_together(latbench, refused, words, tmp_path):
    for axis, name in (("h", "one"), ("w", "two")):
        changed = [axis if word == "h" else word for word in words[:-1]]
        assert latbench(*changed, tmp_path / name)[0] == 0
    both = ("crossover", tmp_path / "one", tmp_path / "two")
    assert "--output" in refused(2, *both)
    assert "holds results of its own" in refused(2, *both, "--output", tmp_path / "two")
    (tmp_path / "file").touch()
    assert "name a writable directory" in refused(6, *both, "--output", tmp_path / "file")
    assert latbench(*both, "--output", tmp_path / "both")[0] == 0
    for name in ("curves.csv", "ratios.csv", "crossover.csv"):
        parts = [table(tmp_path / folder / name) for folder in ("one", "two", "both")]
        assert parts[2] == parts[0] + parts[1]
        assert {row["axis"] for row in parts[2]} == {"h", "w"}
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    said = refused(2, *both, tmp_path / "copy", "--output", tmp_path / "all")
    assert "one and" in said
    assert "copy both hold" in said
    assert not (tmp_path / "all").exists()


@pytest.mark.usefixtures("undrawn")
def test_what_is_not_tried_is_a_row_with_its_reason(latbench, measuring, words, tmp_path):
    code, _, _ = latbench(*words, "--memory-limit", 0.05)
    assert code == 0
    (options,) = measuring
    assert [group.name for group in options.groups] == ["parc_h_c32_7", "parc_h_c32_14"]
    rows = [row for row in table(tmp_path / "results" / "curves.csv") if row["size"] == "28"]
    assert {row["status"] for row in rows} == {"skipped"}
    assert "--memory-limit" in rows[0]["reason"]


def test_without_matplotlib_the_tables_are_written_and_one_line_says_so(
    latbench, measuring, words, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = latbench(*words)
    assert code == 0
    (note,) = [line for line in err.splitlines() if line.startswith("Note: ")]
    assert "pip install 'latbench[plot]'" in note
    assert (tmp_path / "results" / "crossover.csv").exists()
    assert not list((tmp_path / "results").glob("*.svg"))
    assert measuring


@pytest.mark.usefixtures("undrawn")
def test_nothing_that_could_be_compared_is_exit_code_5(latbench, measuring, tmp_path):
    code, out, _ = latbench(
        *("crossover", "--resolutions", "7", "--channels", 32, "--axis", "h", "--runtime", "onnxruntime"),
        *("--lowering", "dft_op", "--output", tmp_path),
    )
    assert code == 5
    assert "unmeasured" in out
    assert measuring


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--resolutions", "many"), "--resolutions 'many'"),
        (("--channels", "0"), "--channels '0'"),
        (("--threads", "one"), "--threads 'one'"),
        (("--axis", "v"), "--axis 'v'"),
        (("--context", "alone"), "--context 'alone'"),
        (("--lowering", "fastest"), "--lowering 'fastest'"),
        (("--format", "yaml"), "--format 'yaml'"),
        (("--launches", 0), "--launches 0"),
        (("--memory-limit", 0), "--memory-limit 0"),
        (("--memory-limit", 1e-6), "Nothing is left to measure"),
        (("--op", "--model", "parcnet_s"), "--model parcnet_s"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_measured(
    refused, measuring, tmp_path, wrong, told
):
    assert told in refused(2, "crossover", "--output", tmp_path / "none", *wrong)
    assert not measuring
    assert not (tmp_path / "none").exists()


def test_results_of_something_else_are_refused(refused, by_hand, tmp_path):
    write(by_hand().cell("resnet50", "spatial", 1e6).records(), tmp_path)
    assert "holds no crossover" in refused(2, "crossover", tmp_path)
    (tmp_path / "untried.json").write_text("{}")
    assert "untried.json" in refused(2, "crossover", tmp_path)


@pytest.mark.slow
def test_a_real_one_measures_every_lowering_and_the_cost_of_a_call(latbench, tmp_path):
    code, out, err = latbench(
        *("crossover", "--resolutions", "7,28", "--channels", 16, "--axis", "h", "--launches", 2),
        *("--samples", 20, "--output", tmp_path),
    )
    assert code == 0, err
    rows = table(tmp_path / "curves.csv")
    assert {row["runtime"] for row in rows} == {"onnxruntime", "openvino"}
    assert {row["basis"] for row in table(tmp_path / "ratios.csv")} == {"net"}
    spatial = [row for row in rows if row["lowering"] == "spatial"]
    assert {row["status"] for row in spatial} == {"ok"}
    assert all(0 < float(row["net_ms"]) < float(row["latency_ms"]) for row in spatial)
    assert "The best exact lowering against the spatial form" in out
