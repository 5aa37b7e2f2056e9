import sys

import numpy as np
import pytest

from exporters.precision import Unconvertible
from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.base import SessionOptions
from latbench.runtimes.ort import cuda

CUDA = "CUDAExecutionProvider"


def asking(**chosen):
    return SessionOptions(**{"device": "cuda", "threads": 1, **chosen})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"use_tf32": "0"}),
        ({"precision": "tf32"}, {"use_tf32": "1"}),
        ({"precision": "fp16"}, {"use_tf32": "0"}),
        ({"knobs": {"cuda_graph": True}}, {"use_tf32": "0", "enable_cuda_graph": "1"}),
        ({"knobs": {"gpu_mem_limit_mib": 2}}, {"use_tf32": "0", "gpu_mem_limit": "2097152"}),
        ({"knobs": {"gpu_mem_limit_mib": 0}}, {"use_tf32": "0"}),
        (
            {"knobs": {"cudnn_conv_algo_search": "HEURISTIC", "prefer_nhwc": False}},
            {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC", "prefer_nhwc": "0"},
        ),
    ],
)
def test_the_provider_is_given_tf32_and_what_was_set(asked, expected):
    assert cuda.provider_options(asking(**asked)) == expected


def test_every_knob_has_a_default_that_it_allows():
    for name, knob in cuda.KNOBS.items():
        word = str(knob.default)
        assert knob.read({"True": "on", "False": "off"}.get(word, word)) == knob.default, name


@pytest.mark.parametrize(
    ("asked", "variables", "ran"),
    [
        ("fp32", {}, "fp32"),
        ("fp32", {"NVIDIA_TF32_OVERRIDE": "0"}, "fp32"),
        ("tf32", {}, "tf32"),
        ("tf32", {"NVIDIA_TF32_OVERRIDE": "0"}, "fp32"),
    ],
)
@pytest.mark.usefixtures("fake_ort")
def test_precision_is_read_back_from_provider_and_variable(tiny_model, monkeypatch, asked, variables, ran):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    facts = cuda.prepare(tiny_model, asking(precision=asked)).facts
    assert facts.precision == ran
    assert facts.extra["NVIDIA_TF32_OVERRIDE"] == variables.get("NVIDIA_TF32_OVERRIDE")


def test_precision_that_is_not_read_back_is_unknown(fake_ort, tiny_model):
    fake_ort.overrides = {"use_tf32": None}
    assert cuda.prepare(tiny_model, asking()).facts.precision is None


def test_the_gpu_the_graph_and_the_weights_are_told(fake_ort, tiny_model):
    extra = cuda.prepare(tiny_model, asking(knobs={"cuda_graph": True})).facts.extra
    assert (extra["gpu"], extra["compute_capability"], extra["cuda_graph"]) == ("Fake H1", "9.0", "on")
    assert extra["weights"] == {"fp32": 35}
    assert cuda.prepare(tiny_model, asking()).facts.extra["cuda_graph"] == "off"


def test_what_it_lacks_is_told_before_the_gpu_is_touched(cuda_api, fake_ort, tiny_model):
    with pytest.raises(BadInput, match="cannot be asked for bf16; choose one of fp32, tf32, fp16"):
        cuda.prepare(tiny_model, asking(precision="bf16"))
    assert cuda_api.log == []


def test_a_session_that_cannot_be_opened_frees_its_stream(fake_ort, cuda_api, tiny_model):
    fake_ort.drops = {CUDA}
    with pytest.raises(EnvironmentFault):
        cuda.prepare(tiny_model, asking())
    assert "cudaStreamDestroy" in cuda_api.log


@pytest.fixture
def artifact(tiny_model, tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(tiny_model.read_bytes())
    return tmp_path / "tiny.onnx"


def test_fp16_is_the_file_converted_once_and_kept_beside_it(fake_ort, artifact):
    import onnx

    first = cuda.prepare(artifact, asking(precision="fp16")).facts
    second = cuda.prepare(artifact, asking(precision="fp16")).facts
    assert (first.precision, second.precision) == ("fp16", "fp16")
    assert (first.extra["converted"], second.extra["converted"]) == ("now", "in an earlier launch")
    (kept,) = artifact.parent.glob("engines/*.fp16.onnx")
    assert [model for model, _, _ in fake_ort.opened] == [str(kept), str(kept)]
    graph = onnx.load(kept).graph
    assert {value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)} == {1}
    assert {tensor.data_type for tensor in graph.initializer} == {10}
    changed = onnx.load(artifact)
    changed.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.ones((6, 5), np.float32), changed.graph.initializer[0].name)
    )
    onnx.save(changed, artifact)
    assert cuda.prepare(artifact, asking(precision="fp16")).facts.extra["converted"] == "now"
    assert len(list(artifact.parent.glob("engines/*.fp16.onnx"))) == 2


def test_fp16_works_where_nothing_can_be_kept(fake_ort, artifact):
    (artifact.parent / "engines").write_text("no folder")
    facts = cuda.prepare(artifact, asking(precision="fp16")).facts
    assert (facts.precision, facts.extra["converted"]) == ("fp16", "now")
    assert isinstance(fake_ort.opened[0][0], bytes)


def test_fp16_without_the_converters_package_has_its_mend(fake_ort, artifact, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EnvironmentFault, match="pip install"):
        cuda.prepare(artifact, asking(precision="fp16"))
    assert fake_ort.opened == []


def test_a_file_that_cannot_be_converted_is_named(fake_ort, artifact, monkeypatch):
    def refuse(model, precision):
        raise Unconvertible("it has a loop")

    monkeypatch.setattr("exporters.precision.convert", refuse)
    with pytest.raises(BadInput, match=r"tiny\.onnx cannot be converted to fp16: it has a loop"):
        cuda.prepare(artifact, asking(precision="fp16"))
    assert fake_ort.opened == []
