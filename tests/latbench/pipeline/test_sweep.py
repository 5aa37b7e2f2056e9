from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from latbench.errors import BadInput
from latbench.machine.gpu import Reading
from latbench.measure.launch import LaunchResult
from latbench.measure.shared import CALL_OVERHEAD, SHARED_CELLS, SharedCell
from latbench.pipeline import gpu, run
from latbench.pipeline import sweep as module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.prepared import Prepared
from latbench.pipeline.sweep import Group, SweepOptions, refused, sweep, units_of
from latbench.records import csvfile, read
from latbench.runtimes.base import Source

BLOCK = "efficientmod_block_c4_r2_{}"


class Worker:
    """Stands for the worker: every form is prepared, with the graph that `structures` say by form."""

    def __init__(self, survey):
        self.survey = survey
        self.jobs, self.structures, self.failed, self.dies = [], {}, {}, False

    def __call__(self, task, arguments, env=None):
        if task == "survey":
            return self.survey
        if self.dies:
            raise WorkerDied("ended by SIGKILL", "oom")
        assert task == "lowered"
        self.jobs += arguments["jobs"]
        return {"outcomes": [[self._outcome(wish) for wish in job["wishes"]] for job in arguments["jobs"]]}

    def _outcome(self, wish):
        form = wish["forms"]["expand"]
        if form in self.failed:
            return {"failed": self.failed[form]}
        prepared = {
            "source": {"kind": "onnx", "path": f"{wish['name']}-{form}.onnx"},
            "input_shape": "1x7x7x4",
            "artifact_sha256": form,
            "artifact_bytes": 1000,
        }
        return {"prepared": prepared, "structure": self.structures.get(form, form), "sites": []}


@pytest.fixture
def worker(monkeypatch, survey):
    found = Worker(survey)
    empty = SharedCell("empty", Source("onnx", "empty.onnx"))
    monkeypatch.setattr(run, "call", found)
    monkeypatch.setattr(module, "call", found)
    monkeypatch.setattr(module, "known", lambda *_: None)
    monkeypatch.setattr(module, "_empty", lambda _: {"onnx": empty})
    monkeypatch.setattr(module, "_room_bytes", lambda: 1e9)
    return found


class Processes:
    """Stands for the measuring processes; stops after `most`."""

    def __init__(self, most=None):
        self.requests, self.most = [], most

    def __call__(self, request, timeout, rng):
        if len(self.requests) == self.most:
            raise KeyboardInterrupt
        self.requests.append(request)
        told = {SHARED_CELLS: len(request.cells), CALL_OVERHEAD: 3}
        result = LaunchResult("ok", samples_ns=(5000, 6000), wall_ns=10**9, witnesses=told)
        return {cell.key: result for cell in request.cells}


@pytest.fixture
def options(tmp_path):
    def make(*sizes, **fields):
        groups = tuple(
            Group(BLOCK.format(size), ("broadcast", "repeat"), form="expand") for size in sizes or (7, 14)
        )
        small = {"runtimes": ("fake",), "launches": 2, "samples": 2, "output": tmp_path / "results"}
        return SweepOptions(**{"groups": groups} | small | fields)

    return make


def test_a_sweep_leaves_records_and_rows_of_every_cell(worker, options, listener):
    processes = Processes()
    outcome = sweep(options(threads=(1, 2)), listener, ("latbench", "crossover"), processes)
    assert [(row["model"], row["threads_requested"], row["spinning"]) for row in outcome.rows[::2]] == [
        (BLOCK.format(7), 1, None),
        (BLOCK.format(7), 2, False),
        (BLOCK.format(14), 1, None),
        (BLOCK.format(14), 2, False),
    ]
    assert {(row["status"], row["launches"], row["schedule"]) for row in outcome.rows} == {
        ("ok", 2, "shared")
    }
    assert [row["lowering"] for row in outcome.rows[:2]] == [
        "expand=broadcast;layout=channels_last",
        "expand=repeat;layout=channels_last",
    ]
    assert csvfile.read(outcome.table)[0]["run_id"] == outcome.run_id
    assert [len(one.cells) for one in processes.requests] == [2] * 8
    assert {one.empty.key for one in processes.requests} == {"empty"}
    (record,) = read(outcome.table.parent).runs
    assert (record.schedule, record.budget_s, record.iterations, record.launches) == ("shared", 1.5, 4, 2)
    assert listener.overview.cells == 8
    assert listener.overview.exports == 4
    assert listener.overview.seconds == 8 * (1.5 + module.OVERHEAD_S)


def test_both_forms_of_a_subject_are_one_job_whatever_the_threads(worker, options):
    sweep(options(threads=(1, 2)), launcher=Processes())
    assert [[wish["name"] for wish in job["wishes"]] for job in worker.jobs] == [
        [BLOCK.format(7)] * 2,
        [BLOCK.format(14)] * 2,
    ]
    assert not any(job["large"] for job in worker.jobs)


def test_a_form_that_repeats_anothers_graph_is_skipped(worker, options):
    worker.structures = {"repeat": "same", "broadcast": "same"}
    processes = Processes()
    rows = sweep(options(7), launcher=processes).rows
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("ok", None),
        ("skipped", "its graph is that of expand=broadcast;layout=channels_last"),
    ]
    assert {len(one.cells) for one in processes.requests} == {1}


def test_a_form_that_cannot_be_prepared_fails_and_the_others_go_on(worker, options):
    worker.failed = {"repeat": "the exporter stumbled."}
    rows = sweep(options(7), launcher=Processes()).rows
    assert [(row["status"], row["reason"]) for row in rows] == [
        ("ok", None),
        ("failed", "the exporter stumbled."),
    ]


def test_when_the_worker_dies_each_form_is_made_alone(worker, options, listener, monkeypatch):
    worker.dies = True
    made = Worker(worker.survey)

    def alone(self, wishes):
        source = {"source": Source("onnx", path="m.onnx").to_json()}
        return {
            key: Prepared.from_json(made._outcome(one.wish.to_json())["prepared"] | source)
            for key, one in wishes.items()
        }

    monkeypatch.setattr(module.Preparation, "_made", alone)
    monkeypatch.setattr(run, "call", made)
    rows = sweep(options(7), listener, launcher=Processes()).rows
    assert {row["status"] for row in rows} == {"ok"}
    assert "died (ended by SIGKILL)" in listener.of("note")[0]


def test_the_same_sweep_goes_on_after_an_interruption_another_does_not(worker, options, listener):
    with pytest.raises(KeyboardInterrupt):
        sweep(options(), launcher=Processes(most=3))
    started = read(options().output).runs[-1].run_id
    rest = Processes()
    outcome = sweep(options(), listener, launcher=rest)
    assert (outcome.run_id, len(rest.requests)) == (started, 1)
    with pytest.raises(KeyboardInterrupt):
        sweep(options(seed=1), launcher=Processes(most=3))
    other = sweep(options(seed=1, budget_s=9), listener, launcher=Processes())
    assert other.run_id != read(options().output).runs[1].run_id
    assert "other budget_s" in listener.of("note")[-1]
    assert len({row["run_id"] for row in csvfile.read(other.table)}) == 3


def test_names_and_values_that_do_not_exist_are_refused_before_anything_is_made(worker, options):
    with pytest.raises(BadInput, match="no --expand 'sideways'"):
        sweep(options(groups=(Group(BLOCK.format(7), ("sideways",), form="expand"),)), launcher=Processes())
    assert worker.jobs == []
    name = BLOCK.format(7)
    twice = (Group(name, ("repeat",), form="expand"), Group(name, ("repeat", "broadcast"), form="expand"))
    with pytest.raises(BadInput, match="asked for twice"):
        sweep(options(groups=twice), launcher=Processes())


def site(used, reason="asked for"):
    return {"used": used, "reason": reason}


@pytest.mark.parametrize(
    ("asked", "sites", "told"),
    [
        ("circulant", [site("circulant")], None),
        ("crt4", [site("crt4_8", "nearest")], None),
        ("crt4_16", [site("crt4_16")], None),
        (
            "crt4_16",
            [site("crt4_14", "crt4_16 is not possible because 14 has no factor 16: crt4_14")],
            "crt4_16",
        ),
        ("crt4_16", [site("circulant", "crt4_16 is not possible"), site("crt4_16")], None),
        ("circulant_ch", [site("circulant", "a dense operator is not split by channels")], None),
        ("fft", [site("dense_dft")], None),
        ("auto", [site("spatial")], None),
        ("dft_op", [], None),
    ],
)
def test_a_lowering_that_no_site_could_have_is_refused_in_its_words(asked, sites, told):
    found = refused(asked, sites)
    assert found is None if told is None else told in found


def test_a_unit_is_a_subject_on_a_runtime_in_a_number_of_threads(cell):
    cells = [
        cell(model, runtime, threads=threads)
        for model in "ab"
        for runtime in ("x", "y")
        for threads in (1, 2)
    ]
    assert [len(unit) for unit in units_of([*cells, *(replace(one, arm="2") for one in cells)], 1e9)] == [
        2
    ] * 8


def test_on_a_gpu_subjects_share_a_process_whole(cell):
    cells = [
        cell(model=f"m{at}", arm=str(form), runtime=runtime, device="cuda")
        for at in range(10)
        for runtime in ("x", "y")
        for form in range(5)
    ]
    units = units_of(cells, 1e12)
    assert [len(unit) for unit in units] == [20, 20, 20, 20, 10, 10]
    assert all(len({one.runtime for one in unit}) == 1 for unit in units)
    assert [len({one.model for one in unit}) for unit in units] == [4, 4, 4, 4, 2, 2]
    large = [replace(one, artifact_bytes=module.GPU_BYTES // 5) for one in cells if one.runtime == "x"]
    assert [len(unit) for unit in units_of(large, 1e12)] == [5] * 10


def test_a_unit_that_needs_more_memory_than_there_is_goes_in_parts(cell):
    cells = [cell(arm=str(at), artifact_bytes=50) for at in range(5)]
    needed = sum(map(module._bytes, cells))
    assert [len(unit) for unit in units_of(cells, needed)] == [5]
    assert [len(unit) for unit in units_of(cells, needed - 1)] == [2, 3]
    assert [len(unit) for unit in units_of(cells, 1)] == [1] * 5


@pytest.mark.slow
def test_a_real_sweep_of_three_runtimes(tmp_path):
    asked = SweepOptions(
        groups=(
            Group("parc_h_c4_7", ("spatial", "circulant", "circulant_ch", "crt4_16", "auto")),
            Group("parc_w_c4_6x14", ("spatial", "crt4_14", "auto")),
        ),
        runtimes=("onnxruntime", "openvino", "pytorch"),
        launches=2,
        samples=8,
        budget_s=0.2,
        output=tmp_path,
    )
    outcome = sweep(asked)
    statuses = {(row["runtime"], row["model"], row["lowering"]): row["status"] for row in outcome.rows}
    skipped = {f"{runtime} {form}" for (runtime, _, form), status in statuses.items() if status == "skipped"}
    exported = ("onnxruntime parc=", "openvino parc=")
    assert {f"{each}{form}" for each in exported for form in ("circulant_ch", "crt4_16")} <= skipped
    assert "pytorch parc=circulant" in skipped
    assert set(statuses.values()) == {"ok", "skipped"}
    assert statuses["openvino", "parc_w_c4_6x14", "parc=crt4_14"] == "ok"
    assert statuses["pytorch", "parc_h_c4_7", "parc=auto"] == "ok"
    launches = read(tmp_path).ok_launches()
    assert len(launches) == list(statuses.values()).count("ok")
    for one in (launch for several in launches.values() for launch in several):
        assert one.result.witnesses[CALL_OVERHEAD] > 0
        assert 1 <= one.result.witnesses[SHARED_CELLS] <= 3
        assert len(one.result.samples_ns) == 8
        assert one.result.parity["max_rel"] < 1e-5


def test_on_cuda_every_cell_has_the_readings_of_the_card_around_its_process(worker, options, monkeypatch):
    readings = iter(range(100))
    card = SimpleNamespace(read=lambda: Reading(temperature_c=next(readings)))
    measured = {"copy_gb_s": 3000.0, "tflops": {}, "how": "so", "device": "x"}
    monkeypatch.setattr(gpu, "call", lambda *_: measured)
    monkeypatch.setattr(gpu, "watching", lambda device: nullcontext(gpu.Watched({"name": device}, card)))
    found = read(sweep(options(7, device="cuda"), launcher=Processes()).table.parent)
    assert found.runs[-1].machine["gpu"] == {"name": "cuda"}
    assert found.runs[-1].environment["roofline"] == measured
    seen = [one.result.witnesses for one in found.launches]
    assert [one["gpu_temperature_before_c"] for one in seen] == [0, 0, 2, 2]
    assert [one["gpu_temperature_c"] for one in seen] == [1, 1, 3, 3]
    assert {one[SHARED_CELLS] for one in seen} == {2}
