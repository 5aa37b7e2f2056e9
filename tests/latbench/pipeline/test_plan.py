import pytest

from exporters.errors import ExportError, InputError
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline import plan as module
from latbench.pipeline.child import WorkerDied
from latbench.pipeline.options import RunOptions
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.plan import (
    Preparation,
    idle,
    packages_of,
    subjects,
    wanted,
    with_macs,
    without_effect,
)
from latbench.pipeline.prepared import Prepared
from latbench.runtimes.base import Availability, Source

HERE = Availability(True, "1")
GONE = Availability(False, reason="openvino is not installed", mend="pip install it")
ALL = {"onnxruntime": HERE, "openvino": HERE, "pytorch": HERE, "fake": HERE}


def cells(options, available=ALL):
    return wanted(subjects(options), options, available)


def test_every_model_meets_every_runtime_once():
    options = RunOptions(names=("efficientmod_s", "efficientmod_xs", "efficientmod_s"))
    found = cells(options)
    assert [(one.subject.name, one.runtime, one.source, one.target) for one in found[:3]] == [
        ("efficientmod_s", "onnxruntime", "onnx", "portable"),
        ("efficientmod_s", "openvino", "onnx", "portable"),
        ("efficientmod_s", "pytorch", "module", "eager"),
    ]
    assert len(found) == 6


def test_no_name_is_the_whole_zoo():
    assert len(subjects(RunOptions())) > 8


def test_fastest_is_each_runtimes_own_target():
    found = cells(RunOptions(names=("efficientmod_s",), target="fastest"))
    assert [one.target for one in found] == ["onnxruntime", "openvino", "eager"]
    fake = RunOptions(names=("efficientmod_s",), target="fastest", runtimes=("fake",))
    assert cells(fake, {"fake": HERE})[0].target == "portable"


def test_a_runtime_that_is_missing_skips_with_the_mend():
    found = cells(RunOptions(names=("efficientmod_s",)), {**ALL, "openvino": GONE})
    assert [one.refusal for one in found] == [None, "openvino is not installed; mend: pip install it", None]


def test_eager_pytorch_skips_an_onnx_file(graph):
    found = cells(RunOptions(names=(str(graph()),)))
    assert [one.refusal is None for one in found] == [True, True, False]
    assert [one.target for one in found] == ["given"] * 3


@pytest.fixture
def preparation(tmp_path, monkeypatch, listener):
    """Makes preparations whose worker gives `answer` (or raises it)."""

    def make(answer=None, **options):
        calls = []

        def call(task, arguments, started):
            calls.append(task)
            if isinstance(answer, Exception):
                raise answer
            path = tmp_path / "artifacts" / "m.onnx"
            made = Prepared(
                source=Source("onnx", path=str(path)),
                input_shape="2x3x8x8",
                artifact_path=str(path),
                artifact_sha256="s",
                reference="/elsewhere/m.npz",
                macs=5,
            )
            return made.to_json()

        monkeypatch.setattr(module, "call", call)
        chosen = RunOptions(**{"names": ("efficientmod_s",), "output": tmp_path} | options)
        return Preparation(chosen.output, listener), cells(chosen), calls

    return make


def test_cells_that_share_an_artifact_share_its_export(preparation, listener):
    made, wishes, calls = preparation()
    assert made.missing(wishes) == 2
    planned = made.plan(wishes)
    assert calls == ["exported", "eager"]
    assert planned[0].cell.artifact_sha256 == "s"
    assert listener.of("preparing")[0] == "efficientmod_s: exporting it, target portable"


def test_paths_inside_the_results_directory_are_relative(preparation):
    made, wishes, _ = preparation()
    cell = made.plan(wishes)[0].cell
    assert cell.artifact_path == cell.source["path"] == "artifacts/m.onnx"
    assert cell.reference == "/elsewhere/m.npz"
    assert (cell.batch, cell.input_shape) == (2, "2x3x8x8")


def test_a_refused_export_fails_its_cells_only(preparation):
    made, wishes, _ = preparation(ExportError("Node Resize is off by 3."))
    assert {(one.verdict.status, one.verdict.reason) for one in made.plan(wishes)} == {
        ("failed", "Node Resize is off by 3.")
    }


def test_a_dead_worker_fails_its_cells(preparation):
    made, wishes, _ = preparation(WorkerDied("exit code -11"))
    assert "died: exit code -11" in made.plan(wishes)[0].verdict.reason


@pytest.mark.parametrize("error", [BadInput("no."), InputError("no.")])
def test_bad_input_stops_when_models_were_named_and_fails_rows_otherwise(preparation, error):
    made, wishes, _ = preparation(error)
    with pytest.raises(type(error)):
        made.plan(wishes)
    made, wishes, _ = preparation(error, names=())
    ended = zip(wishes, made.plan(wishes), strict=True)
    assert {one.verdict.status for wish, one in ended if wish.refusal is None} == {"failed"}


@pytest.mark.parametrize("error", [BadInput("no."), InputError("no.")])
def test_of_several_models_named_one_that_cannot_be_used_is_a_failed_row(preparation, error):
    made, wishes, _ = preparation(error, names=("efficientmod_s", "efficientmod_xs"))
    assert {one.verdict.reason for one in made.plan(wishes)} == {"no."}


def test_every_preparation_is_told_when_it_begins_and_ends(preparation, listener):
    made, wishes, _ = preparation(ExportError("off by 3."), names=("efficientmod_s", "efficientmod_xs"))
    made.plan(wishes)
    assert len(listener.of("preparing")) == 4
    assert listener.of("prepared")[-1].endswith("failed: off by 3. (4 of 4)")


def test_jobs_are_done_that_many_at_a_time(preparation, listener, monkeypatch, tmp_path):
    import threading

    met = threading.Barrier(2)

    def call(task, arguments, started):
        met.wait(60)
        raise ExportError("no.")

    _, wishes, _ = preparation()
    monkeypatch.setattr(module, "call", call)
    assert {one.verdict.status for one in Preparation(tmp_path, listener, 2).plan(wishes)} == {"failed"}


def test_packages_that_models_come_from_are_told_with_their_versions(monkeypatch):
    from latbench.machine.packages import Packages
    from latbench.pipeline.subjects import zoo

    monkeypatch.setattr(zoo, "INSTALLED", Packages(lambda name: f"{name} 1", lambda _: True))
    chosen = [one for one in subjects(RunOptions()) if one.name in ("efficientmod_s", "efficientnet_b0")]
    found = wanted([module.replace(one, refusal=None) for one in chosen], RunOptions(), ALL)
    assert packages_of(found) == {"timm": "timm 1"}
    assert packages_of([module.replace(one, refusal="no") for one in found]) == {}


def test_a_full_disk_stops_always(preparation):
    made, wishes, _ = preparation(EnvironmentFault("No space left."), names=())
    with pytest.raises(EnvironmentFault):
        made.plan(wishes)


def test_without_the_export_packages_cells_are_skipped(preparation, monkeypatch):
    monkeypatch.setattr(module, "missing_packages", lambda: "onnx missing; pip install it")
    made, wishes, calls = preparation()
    verdicts = [one.verdict for one in made.plan(wishes)]
    assert verdicts[0].status == "skipped"
    assert "pip install it" in verdicts[0].reason
    assert calls == ["eager"]


def test_a_refusal_of_the_subject_skips_all_its_cells():
    found = wanted(
        [one for one in subjects(RunOptions(resolution=256)) if one.refusal][:1], RunOptions(), ALL
    )
    assert all("cannot take resolution 256" in one.refusal for one in found)


def test_macs_known_to_one_cell_are_known_to_all_of_the_model(preparation):
    made, wishes, _ = preparation(resolution=256)
    planned = made.plan(wishes)
    unknown = [module.replace(one, cell=module.replace(one.cell, macs=None)) for one in planned[1:]]
    assert [one.cell.macs for one in with_macs([planned[0], *unknown])] == [5, 5, 5]


def test_spinning_is_carried_into_the_cells(preparation):
    made, wishes, _ = preparation(spinning="off")
    assert {one.cell.spinning for one in made.plan(wishes)} == {False}


def test_each_variant_is_a_cell_of_its_own():
    options = RunOptions(
        names=("efficientmod_s", "mbconv_iso_196x11"),
        forms={"expand": ("broadcast", "repeat")},
        runtimes=("onnxruntime",),
    )
    found = cells(options)
    assert [(one.subject.name, dict(one.forms)) for one in found] == [
        ("efficientmod_s", {"expand": "broadcast"}),
        ("efficientmod_s", {"expand": "repeat"}),
        ("mbconv_iso_196x11", {}),
    ]
    assert "expand=repeat" in found[1].lowering


def test_variants_that_are_skipped_stay_apart(preparation):
    made, wishes, _ = preparation(ExportError("no."), forms={"expand": ("broadcast", "repeat")})
    ids = [one.cell.cell_id for one in made.plan(wishes)]
    assert len(set(ids)) == len(ids) == 6


def test_a_value_that_a_form_lacks_is_refused_before_anything_is_done():
    with pytest.raises(BadInput, match="efficientmod_s has no --expand 'twice'"):
        subjects(RunOptions(names=("efficientmod_s",), forms={"expand": ("twice",)}))


def test_a_precision_that_a_runtime_or_the_machine_lacks_skips_with_the_reason():
    narrow = Availability(True, "1", precisions=("fp32", "fp16"))
    found = cells(RunOptions(names=("efficientmod_s",), precision="bf16"), {**ALL, "openvino": narrow})
    assert "onnxruntime cannot be asked for bf16" in found[0].refusal
    told = "openvino has no bf16 on --device cpu of this machine; --precision is one of: fp16, fp32"
    assert found[1].refusal == told
    others = dict.fromkeys(ALL, Availability(True, "1", precisions=("fp32",)))
    found = cells(RunOptions(names=("efficientmod_s",), precision="fp16"), {**others, "openvino": narrow})
    assert [one.refusal is None for one in found] == [False, True, False]


def test_tf32_is_for_the_device_that_has_it():
    names = ("fake", "openvino")
    options = RunOptions(names=("efficientmod_s",), precision="tf32", device="cuda", runtimes=names)
    here = Availability(True, "1", precisions=("fp32", "tf32"))
    refusals = [one.refusal for one in cells(options, {"fake": here, "openvino": HERE})]
    assert refusals[0] is None
    assert refusals[1].startswith("openvino cannot be asked for tf32")


def test_on_a_gpu_fastest_is_no_target_made_for_the_cpu():
    asked = {"names": ("efficientmod_s",), "target": "fastest", "runtimes": ("onnxruntime",)}
    assert [one.target for one in cells(RunOptions(**asked))] == ["onnxruntime"]
    assert [one.target for one in cells(RunOptions(**asked, device="cuda"))] == ["portable"]


def test_the_options_of_a_runtime_are_carried_into_its_cells_alone(preparation):
    made, wishes, _ = preparation(runtimes=("openvino", "fake"), knobs={"fake": {"level": 5, "speed": 2.0}})
    assert [one.cell.knobs for one in made.plan(wishes)] == [None, "level=5;speed=2.0"]


def test_precision_and_arm_are_carried_into_the_cells(preparation):
    made, wishes, _ = preparation(runtimes=("openvino",), precision="bf16")
    (cell,) = [one.cell for one in made.plan([module.replace(wishes[0], arm="again")])]
    assert (cell.precision, cell.arm) == ("bf16", "again")
    assert cell.identity["arm"] == "again"


def test_the_same_wish_of_two_parts_is_prepared_once(preparation):
    made, wishes, calls = preparation(runtimes=("onnxruntime",))
    made.plan([*wishes, *wishes])
    assert calls == ["exported"]


def test_a_lowering_is_a_cell_of_its_own_and_eager_pytorch_skips_what_only_an_export_can_do():
    options = RunOptions(
        names=("parc_h_c8_14", "parc_mobilenetv2"),
        forms={"parc": ("fft", "crt4_7")},
        runtimes=("onnxruntime", "pytorch"),
    )
    found = cells(options)
    assert [(one.lowering, one.runtime) for one in found[:4]] == [
        ("parc=fft", "onnxruntime"),
        ("parc=fft", "pytorch"),
        ("parc=crt4_7", "onnxruntime"),
        ("parc=crt4_7", "pytorch"),
    ]
    assert [one.refusal is None for one in found] == [True, True, True, False] * 2
    assert found[3].refusal.startswith("--parc crt4_7 is a form of exported graphs")


def test_what_is_left_to_auto_is_made_for_each_number_of_threads(preparation):
    made, _, calls = preparation()
    asked = [
        RunOptions(names=("parc_h_c8_14",), threads=threads, runtimes=("onnxruntime",), forms=forms)
        for threads in (1, 4)
        for forms in ({"parc": ("auto",)}, {"parc": ("crt2",)})
    ]
    made.plan([one for options in asked for one in cells(options)])
    assert calls == ["exported"] * 3


def test_a_form_that_all_lack_is_refused_and_one_that_some_lack_is_told():
    chosen = subjects(RunOptions(names=("efficientmod_s", "parc_h_c8_14")))
    assert without_effect(chosen, ()) == []
    assert without_effect(chosen, ("parc",)) == ["--parc changes nothing in efficientmod_s."]
    with pytest.raises(BadInput, match="--parc changes nothing in efficientmod_s; leave it out"):
        without_effect(chosen[:1], ("parc",))


def test_inputs_are_for_models_that_leave_theirs_open(graph):
    asked = Inputs(pin=("batch=2",))
    names = (str(graph(("batch", 4))), "efficientmod_s")
    assert idle(subjects(RunOptions(names=names, inputs=asked)), asked) == [
        "--pin changes nothing in efficientmod_s."
    ]
    assert idle(subjects(RunOptions(names=names[1:])), NONE) == []
    with pytest.raises(BadInput, match="--pin is for one's own models; efficientmod_s has its own inputs"):
        idle(subjects(RunOptions(names=names[1:], inputs=asked)), asked)
