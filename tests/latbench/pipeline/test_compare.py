import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.measure.launch import LaunchResult
from latbench.pipeline import run as run_module
from latbench.pipeline.cellname import parse
from latbench.pipeline.compare import compare, parts
from latbench.pipeline.options import RunOptions
from latbench.records import read

FACTS = {"version": "1", "boundary": "host", "precision": "fp32", "provider": "fake", "device": "cpu"}


@pytest.fixture
def options(tmp_path, monkeypatch, survey):
    """Makes options of small sessions of the fake runtime; the survey takes no process."""
    call = run_module.call
    monkeypatch.setattr(
        run_module, "call", lambda task, *rest: survey if task == "survey" else call(task, *rest)
    )

    def make(blocks=4, **fields) -> RunOptions:
        small = {"threads": 1, "launches": 2 * blocks, "iterations": 4 * blocks, "warmup": 0}
        return RunOptions(**{"runtimes": ("fake",), "output": tmp_path / "results"} | small | fields)

    return make


@pytest.fixture
def models(graph):
    return str(graph(name="base.onnx")), str(graph(name="head.onnx", operator="Neg"))


class Timed:
    """Stands for the measuring processes: a launch takes the time of the file it runs, in ms."""

    def __init__(self, **latencies) -> None:
        self.latencies, self.launched = latencies, []

    def __call__(self, request, timeout, rng) -> LaunchResult:
        name = next(name for name in self.latencies if name in request.source.path)
        self.launched.append(name)
        level = self.latencies[name]
        if level is None:
            return LaunchResult("crashed", reason="SIGSEGV")
        wave = 1 + 0.001 * (-1) ** (len(self.launched) // 4)
        return LaunchResult("ok", samples_ns=(round(1e6 * level * wave),) * 2, wall_ns=10**6, facts=FACTS)


@pytest.mark.parametrize(
    ("head", "verdict", "code"),
    [(2.2, "SLOWER", 1), (1.8, "FASTER", 0), (2.0, "SAME", 0), (None, "NOT MEASURED", 5)],
)
def test_two_files_are_measured_side_by_side(options, models, head, verdict, code):
    launcher = Timed(base=2.0, head=head)
    found = compare(*models, options(), margin=0.02, launcher=launcher, command=("latbench", "compare"))
    assert (found.verdict, found.exit_code, found.redo) == (verdict, code, "latbench compare")
    if head is not None:
        blocks = ["".join(one[0] for one in launcher.launched[at : at + 4]) for at in range(0, 16, 4)]
        assert set(blocks) <= {"bhhb", "hbbh"}
        assert found.pairs[0].units == 4


def test_one_cell_against_itself_is_two_arms(options, models):
    launcher = Timed(base=2.0)
    found = compare(models[0], models[0], options(), margin=0.02, launcher=launcher)
    assert found.verdict == "SAME"
    assert len(launcher.launched) == 16
    assert "one and the same" in found.notes[0]


def test_the_cells_may_differ_in_settings(options, models):
    found = compare(
        models[0], f"{models[0]}@threads=2,spinning=on", options(), margin=0.02, launcher=Timed(base=2.0)
    )
    (pair,) = found.pairs
    assert (pair.baseline["threads_requested"], pair.candidate["threads_requested"]) == (1, 2)
    assert pair.candidate_label == f"{models[0]}@fake,threads=2,spinning=on"


def test_an_interrupted_session_goes_on(options, models):
    left = iter(range(5))
    timed = Timed(base=2.0, head=2.0)

    def stops(request, timeout, rng):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return timed(request, timeout, rng)

    with pytest.raises(KeyboardInterrupt):
        compare(*models, options(), margin=0.02, launcher=stops)
    again = Timed(base=2.0, head=2.0)
    assert compare(*models, options(), margin=0.02, launcher=again).verdict == "SAME"
    assert len(again.launched) == 16 - 5
    assert len(read(options().output).runs) == 1


def test_a_runtime_that_is_missing_leaves_nothing_to_measure(options, models, survey):
    survey["available"]["openvino"] = {"available": False, "reason": "gone", "mend": "x"}
    with pytest.raises(EnvironmentFault, match="Nothing can run here"):
        compare(*models, options(runtimes=("openvino",)), margin=0.02, launcher=Timed(base=2.0))
    found = compare(
        *models, options(runtimes=("fake", "openvino")), margin=0.02, launcher=Timed(base=2.0, head=2.0)
    )
    assert [pair.state for pair in found.pairs] == ["compared", "not_ok"]
    assert "gone" in found.pairs[1].reason
    assert found.exit_code == 5


def runtimes_of(baseline, candidate, *asked):
    options = RunOptions(runtimes=asked)
    return [
        (one.runtimes[0], other.runtimes[0])
        for one, other in parts(parse(baseline), parse(candidate), options)
    ]


def test_each_runtime_asked_for_is_a_pair():
    assert runtimes_of("a", "b") == [("onnxruntime", "onnxruntime")]
    assert runtimes_of("a", "b", "fake", "openvino", "fake") == [("fake", "fake"), ("openvino", "openvino")]


def test_a_cell_keeps_the_runtime_it_names():
    assert runtimes_of("a@fake", "b@openvino", "pytorch", "onnxruntime") == [("fake", "openvino")]
    assert runtimes_of("a@fake", "b", "openvino") == [("fake", "openvino")]
    assert runtimes_of("a", "b@fake", "openvino", "pytorch") == [("openvino", "fake"), ("pytorch", "fake")]


@pytest.mark.parametrize(
    ("pair", "told"),
    [(("a@fake", "b"), "write b@fake"), (("a@threads=2", "b@fake"), "write a@threads=2,fake")],
)
def test_a_runtime_is_never_guessed_for_one_side(pair, told):
    with pytest.raises(BadInput, match=f"{told}, or give --runtime"):
        runtimes_of(*pair)


def test_settings_of_a_cell_come_before_the_options():
    cell = parse(
        "m@fake,threads=2,expand=repeat,precision=bf16,opset=19,target=fastest,resolution=96,spinning=off"
    )
    options = RunOptions(threads=1, runtimes=(), forms={"expand": ("broadcast",), "layout": ("blocked",)})
    ((one, other),) = parts(cell, parse("n@fake"), options)
    assert (one.names, one.runtimes, one.threads, one.precision) == (("m",), ("fake",), 2, "bf16")
    assert (one.opset, one.target, one.resolution, one.spinning) == (19, "fastest", 96, "off")
    assert one.forms == {"expand": ("repeat",), "layout": ("blocked",)}
    assert (other.names, other.threads, other.forms) == (("n",), 1, options.forms)


def test_a_cell_sets_options_of_its_own_runtime_before_those_that_both_share():
    options = RunOptions(runtimes=(), knobs={"fake": {"level": 1, "mode": "fancy"}})
    ((one, other),) = parts(parse("m@fake,set:level=5"), parse("m@fake"), options)
    assert (one.knobs, other.knobs) == (
        {"fake": {"level": 5, "mode": "fancy"}},
        {"fake": {"level": 1, "mode": "fancy"}},
    )
    ((one, other),) = parts(parse("m@fake"), parse("m@openvino"), options)
    assert (one.knobs["fake"]["level"], other.knobs) == (1, {})


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("level=9", r"^m@runtime=fake,set:level=9: fake\.level=9: give a whole number from 0 to 5"),
        ("volume=9", "fake has no option 'volume'"),
        ("graph=on", "changes nothing on --device cpu"),
    ],
)
def test_an_option_that_a_cell_cannot_set_is_refused(word, told):
    with pytest.raises(BadInput, match=told):
        parts(parse(f"m@fake,set:{word}"), parse("m@fake"), RunOptions(runtimes=()))
    with pytest.raises(BadInput, match="fake is not measured"):
        parts(parse("m@openvino"), parse("m@openvino"), RunOptions(runtimes=(), knobs={"fake": {"level": 1}}))


def test_a_bad_setting_is_refused(options):
    for text, told in (("m@threads=0", "--threads 0"), ("m@target=x", "--target 'x'")):
        with pytest.raises(BadInput, match=told):
            parts(parse(text), parse("m"), options())


def test_a_cell_sets_its_own_inputs_before_those_that_both_share():
    from latbench.pipeline.own.inputs import Inputs

    shared = RunOptions(runtimes=(), inputs=Inputs(("1x3",), ("batch=1", "length=8"), ("ids=0:9",)))
    first = parse("a.onnx@pin:batch=4,shape:mask=4x8:int64")
    ((one, other),) = parts(first, parse("a.onnx@shape=2x3,range:ids=0:30522"), shared)
    assert one.inputs == Inputs(("1x3", "mask=4x8:int64"), ("length=8", "batch=4"), ("ids=0:9",))
    assert other.inputs == Inputs(("2x3",), ("batch=1", "length=8"), ("ids=0:30522",))
