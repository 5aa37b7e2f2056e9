import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from google.protobuf.message import Message

from exporters.artifact import load
from exporters.errors import InputError
from exporters.parity import compare
from exporters.targets import passes_for

EXPORT = importlib.import_module("exporters.export")  # `exporters.export` is the function
ROOT = Path(__file__).parents[2]


def texts(message):
    """Yield every string of a protobuf message; the numbers of its weights are none."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else [value]:
            if isinstance(item, Message):
                yield from texts(item)
            elif isinstance(item, str):
                yield item


def outputs_of(artifact):
    """Return the reference's inputs and outputs by name."""
    with np.load(artifact.reference) as arrays:
        return tuple(
            {name.partition(":")[2]: arrays[name] for name in arrays if name.startswith(kind)}
            for kind in ("input:", "output:")
        )


def run(artifact, inputs):
    session = onnxruntime.InferenceSession(artifact.path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


@pytest.mark.parametrize(
    "opset", [18, 20, 24, *(pytest.param(opset, marks=pytest.mark.slow) for opset in (19, 21, 22, 23))]
)
def test_the_file_is_of_the_opset_asked_for(export, linear, pair, opset):
    artifact = export(linear, pair, opset=opset)
    imports = {item.domain: item.version for item in onnx.load(artifact.path).opset_import}
    assert imports[""] == artifact.opset == artifact.manifest["opset"] == opset


def test_twice_gives_the_same_bytes(export, linear, pair, made, tmp_path):
    options = {"provenance": {"model": "small", "seed": "0"}}
    again = export(linear, pair, stem="again", **options)
    assert again.path == tmp_path / "again.onnx"
    assert again.sha256 == made.sha256
    assert again.path.read_bytes() == made.path.read_bytes()
    assert again.reference.read_bytes() == made.reference.read_bytes()
    assert export(linear, pair, provenance={"model": "other"}).sha256 != made.sha256


MAKE = """
import torch, exporters
torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 1), torch.nn.GELU())
x = torch.randn(1, 3, 8, 8)
"""
SCRIPT = f"""{MAKE}
import sys
from pathlib import Path
exporters.export(module, (x,), name="own", output=Path(sys.argv[1]))
"""


def test_another_process_in_another_directory_gives_the_same_bytes(export, tmp_path):
    here = {}
    exec(MAKE, here)
    artifact = export(here["module"], here["x"], name="own")
    where = tmp_path / "some where"
    where.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "out"],
        cwd=where,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1", "HOME": str(where)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
    there = load(where / "out" / "own.onnx")
    assert there.sha256 == artifact.sha256
    assert there.path.read_bytes() == artifact.path.read_bytes()


def test_no_path_and_no_stack_trace_is_in_the_file(export, small, pair):
    branches = small(
        lambda linear, x: torch.cond(x.sum() > 0, lambda y: linear(y) + 1, lambda y: y - linear(y), (x,))
    )
    data = export(branches, pair).path.read_bytes()
    for trace in (str(Path.cwd()), str(ROOT), "site-packages", "Traceback", ".py", "stack_trace"):
        assert trace.encode() not in data
    found = [text for text in texts(onnx.ModelProto.FromString(data)) if "/" in text or "\\" in text]
    assert not found


def test_provenance_is_read_back_by_onnx_runtime(made):
    session = onnxruntime.InferenceSession(made.path, providers=["CPUExecutionProvider"])
    told = session.get_modelmeta().custom_metadata_map
    assert told["latbench.model"] == "small"
    assert told["latbench.target"] == "portable"
    assert told["latbench.passes"].split(",") == made.manifest["passes"]
    assert told["latbench.version.torch"] == torch.__version__
    assert session.get_modelmeta().producer_name == "latbench"


def test_the_manifest_states_what_is_known(made):
    manifest = json.loads(made.path.with_suffix(".json").read_text())
    assert manifest == made.manifest
    assert (manifest["schema"], manifest["name"], manifest["opset"], manifest["target"]) == (
        1,
        "small",
        20,
        "portable",
    )
    assert manifest["passes"] == list(passes_for("portable"))
    assert (manifest["lowering"], manifest["threads"], manifest["table"]) == ("auto", None, None)
    assert manifest["sites"] == []
    assert manifest["involutions"] == []
    assert manifest["inputs"] == [{"name": "inputs_0", "shape": [2, 4], "dtype": "float32"}]
    assert manifest["outputs"] == [{"name": "linear", "shape": [2, 4], "dtype": "float32"}]
    assert manifest["nodes"]["simplified"] == {"Gemm": 1}
    for stage in ("captured", "cleaned", "circular", "involution", "lowered", "simplified"):
        assert sum(manifest["nodes"][stage].values()) >= 1
        assert set(manifest["parity"][stage]) == {"max_abs", "max_rel", "cosine"}
        assert manifest["parity"][stage]["max_rel"] <= 1e-6
    assert manifest["limits"] == {"max_rel": 1e-4, "cosine": 0.99999}
    assert manifest["provenance"] == {"model": "small", "seed": "0"}
    assert manifest["versions"]["torch"] == torch.__version__
    assert manifest["sensitivity"] > 0.1
    assert manifest["wall_s"] > 0
    assert manifest["peak_memory_mib"] > 50
    assert manifest["reference"] == "small.npz"


def test_the_reference_is_what_eager_computes_and_the_file_reproduces(made, linear, pair):
    inputs, outputs = outputs_of(made)
    assert (inputs["inputs_0"] == pair.numpy()).all()
    with torch.no_grad():
        assert (outputs["linear"] == linear(pair).numpy()).all()
    assert compare(run(made, inputs), outputs).max_rel < 1e-5


def test_dead_activations_show_in_the_manifest(export, small, pair):
    artifact = export(small(lambda linear, x: linear(x) * 1e-8 + 1), pair)
    assert artifact.manifest["sensitivity"] < 1e-6
    assert artifact.manifest["parity"]["simplified"]["max_rel"] < 1e-6


MODULES = {
    "several inputs": lambda linear, x, y: linear(x) @ y.T,
    "an input that is not read": lambda linear, x, y: linear(x),
    "several outputs": lambda linear, x, y: (linear(x), [x + y, linear(y)]),
    "a dict of outputs": lambda linear, x, y: {"second": linear(x), "first": x * y},
    "the same output twice": lambda linear, x, y: (z := linear(x), z),
    "an input as an output": lambda linear, x, y: (linear(y), x),
    "an output without values": lambda linear, x, y: (linear(x), y[:0]),
    "an output of integers": lambda linear, x, y: (linear(x).argmax(-1), y),
    "an output of zeros": lambda linear, x, y: (linear(x) * 0, y + 1),
    "a constant output": lambda linear, x, y: linear.weight + 1,
    "an input written into": lambda linear, x, y: linear(x.add_(1)) + y,
}


FEW = ("several outputs", "a dict of outputs", "the same output twice", "an input written into")


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(function, id=name, marks=() if name in FEW else pytest.mark.slow)
        for name, function in MODULES.items()
    ],
)
def test_exports_and_reproduces(export, small, pair, function):
    module = small(function)
    artifact = export(module, pair, pair.flip(0) * 2)
    inputs, outputs = outputs_of(artifact)
    assert [value["name"] for value in artifact.manifest["inputs"]] == list(inputs)
    assert [value["name"] for value in artifact.manifest["outputs"]] == list(outputs)
    assert compare(run(artifact, inputs), outputs).max_rel < 1e-5
    assert load(artifact.path) == artifact


def test_exports_indices_and_masks(export, small):
    indices, mask = torch.tensor([[0, 3, 1]]), torch.tensor([[True, False, True]])
    module = small(
        lambda linear, i, m: torch.nn.functional.embedding(i, linear.weight) * m[..., None].float()
    )
    artifact = export(module, indices, mask, input_names=["i", "m"], output_names=["found"])
    assert [(value["name"], value["dtype"]) for value in artifact.manifest["inputs"]] == [
        ("i", "int64"),
        ("m", "bool"),
    ]
    inputs, outputs = outputs_of(artifact)
    assert compare(run(artifact, inputs), outputs).max_rel < 1e-5
    assert list(outputs) == ["found"]


@pytest.mark.parametrize(
    ("options", "told"), [({"opset": 17}, "--opset 18 to 24"), ({"target": "tflite"}, "no target 'tflite'")]
)
def test_an_option_that_cannot_be_is_refused(export, linear, pair, tmp_path, *, options, told):
    with pytest.raises(InputError, match=told):
        export(linear, pair, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("recaptured")
def test_a_module_of_over_two_gibibytes_is_refused(export, linear, pair, tmp_path, monkeypatch):
    monkeypatch.setattr(EXPORT, "LARGEST", 16)
    with pytest.raises(InputError, match="small is over 2 GiB and cannot be one ONNX file"):
        export(linear, pair)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("untouched")
class TestNothingIsWritten:
    """What an earlier export left stays, and nothing else appears."""

    @pytest.mark.usefixtures("recaptured")
    @pytest.mark.parametrize("call", ["open", "replace"])
    def test_when_the_folder_cannot_be_written(self, export, linear, pair, monkeypatch, call):
        kept = getattr(os, call)

        def refused(path, *arguments, **options):
            if str(path).endswith(".partial"):
                raise PermissionError(13, "Permission denied", str(path))
            return kept(path, *arguments, **options)

        monkeypatch.setattr(os, call, refused)
        with pytest.raises(PermissionError):
            export(linear, pair)
        monkeypatch.undo()

    @pytest.mark.usefixtures("recaptured")
    def test_when_the_disk_is_full(self, export, linear, pair, monkeypatch):
        synced = []

        def full(descriptor):
            synced.append(descriptor)
            if len(synced) == 3:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            export(linear, pair)


@pytest.mark.usefixtures("recaptured")
def test_a_file_where_the_folder_should_be_is_an_os_error(export, linear, pair, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"exists|directory"):
        export(linear, pair, output=tmp_path / "file")


@pytest.mark.usefixtures("recaptured")
def test_a_folder_is_made_where_there_is_none(export, linear, pair, tmp_path):
    assert load(export(linear, pair, output=tmp_path / "a" / "b").path) is not None
