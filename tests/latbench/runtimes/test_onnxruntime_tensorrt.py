import os
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.parity import ParityLimits, compare
from latbench import runtimes
from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes import onnxruntime_tensorrt
from latbench.runtimes.base import SessionOptions, Source

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
RUNTIME = onnxruntime_tensorrt.RUNTIME


@pytest.fixture
def artifact(tiny_model, tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(tiny_model.read_bytes())
    return tmp_path / "tiny.onnx"


@pytest.fixture
def ort(fake_ort):
    """TensorRT takes everything, and keeps an engine where it is told to, unless there is one."""

    def builds(options):
        if options["trt_engine_cache_enable"] == "True":
            engine = Path(options["trt_engine_cache_path"]) / "graph_0_sm90.engine"
            if not engine.exists():
                engine.write_bytes(b"engine")

    fake_ort.on_cuda, fake_ort.on_tensorrt = [], [("Gemm", "g"), ("Relu", ""), ("Add", "")]
    fake_ort.builds = builds
    return fake_ort


@pytest.fixture
def prepare(ort, artifact, monkeypatch):
    def prepare(**chosen):
        options = SessionOptions(**{"device": "cuda", "threads": 1, **chosen})
        for name, value in RUNTIME.environment(options).items():
            monkeypatch.setenv(name, value)
        return RUNTIME.prepare(Source("onnx", path=str(artifact)), options)

    return prepare


def test_it_is_found_and_is_for_cuda_alone():
    assert runtimes.get("onnxruntime_tensorrt") is RUNTIME
    found = RUNTIME.check("cpu")
    assert (found.available, found.mend) == (False, "--device cuda")
    assert "'cpu'" in found.reason


def test_outputs_agree_and_latency_on_the_device_is_told(prepare, tiny_arrays):
    given, expected = tiny_arrays
    session = prepare()
    session.bind({"x": given["x"]})
    session.run()
    assert ParityLimits().passes(compare(session.outputs(), expected))
    assert session.device_ns(1) == (250_000,)
    assert session.compile_ns > 0


def test_both_providers_share_the_stream_and_the_ban_of_tf32(prepare, ort):
    prepare()
    ((_, _, ((first, of_tensorrt), (second, of_cuda))),) = ort.opened
    assert (first, second) == (TENSORRT, CUDA)
    assert of_tensorrt["user_compute_stream"] == of_cuda["user_compute_stream"]
    assert of_cuda["use_tf32"] == "0"
    assert os.environ["NVIDIA_TF32_OVERRIDE"] == "0"


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        (
            {},
            {
                "trt_fp16_enable": "False",
                "trt_builder_optimization_level": "3",
                "trt_cuda_graph_enable": "False",
            },
        ),
        ({"precision": "fp16"}, {"trt_fp16_enable": "True", "trt_bf16_enable": "False"}),
        ({"precision": "bf16"}, {"trt_fp16_enable": "False", "trt_bf16_enable": "True"}),
        ({"knobs": {"builder_level": 5}}, {"trt_builder_optimization_level": "5"}),
        ({"knobs": {"workspace_mib": 2}}, {"trt_max_workspace_size": "2097152"}),
        ({"knobs": {"cuda_graph": True}}, {"trt_cuda_graph_enable": "True"}),
        (
            {"knobs": {"engine_cache": False}},
            {"trt_engine_cache_enable": "False", "trt_timing_cache_enable": "True"},
        ),
        ({"knobs": {"timing_cache": False}}, {"trt_timing_cache_enable": "False"}),
    ],
)
def test_options_are_given_as_asked(prepare, ort, asked, options):
    prepare(**asked)
    given = dict(ort.opened[0][2])[TENSORRT]
    assert {name: given.get(name) for name in options} == options


def test_without_caches_nothing_is_kept(prepare, artifact):
    facts = prepare(knobs={"engine_cache": False, "timing_cache": False}).facts
    assert not (artifact.parent / "engines").exists()
    assert (facts.extra["engine_cached"], facts.extra["engine_bytes"]) == (False, None)
    assert facts.extra["engine_build_ns"] > 0


def test_an_engine_is_built_once_for_the_same_and_told(prepare):
    first, second = prepare().facts.extra, prepare().facts.extra
    assert (first["engine_cached"], first["engine_bytes"]) == (False, 6)
    assert first["engine_build_ns"] > 0
    assert (second["engine_cached"], second["engine_bytes"], second["engine_build_ns"]) == (True, 6, None)


@pytest.mark.parametrize(
    "asked", [{"precision": "tf32"}, {"precision": "fp16"}, {"knobs": {"builder_level": 1}}]
)
def test_an_engine_is_never_used_for_another_request(prepare, asked):
    prepare()
    assert prepare(**asked).facts.extra["engine_cached"] is False


def test_an_engine_is_never_used_for_another_file(prepare, artifact):
    prepare()
    artifact.write_bytes(artifact.read_bytes() + b"\x12\x01a")  # a producer's name
    assert prepare().facts.extra["engine_cached"] is False


def test_an_engine_is_never_used_for_another_gpu(prepare, cuda_api, monkeypatch):
    prepare()
    (card,) = onnxruntime_tensorrt.cuda.devices(cuda_api)
    other = replace(card, name="Fake L4")
    monkeypatch.setattr(onnxruntime_tensorrt.cuda, "devices", lambda: (other,))
    assert prepare().facts.extra["engine_cached"] is False


def test_an_engine_is_never_used_by_other_versions(prepare, ort, monkeypatch):
    prepare()
    ort.__version__ = "1.32.0"
    assert prepare().facts.extra["engine_cached"] is False
    monkeypatch.setattr(onnxruntime_tensorrt, "library_version", lambda: "10.99.0")
    assert prepare().facts.extra["engine_cached"] is False


def test_an_engine_is_never_used_with_other_options_of_the_provider(prepare, monkeypatch):
    prepare()
    assert prepare(knobs={"builder_level": 3}).facts.extra["engine_cached"] is True  # which is the default
    ours = onnxruntime_tensorrt.provider_options
    monkeypatch.setattr(
        onnxruntime_tensorrt,
        "provider_options",
        lambda *asked: {**ours(*asked), "trt_sparsity_enable": "True"},
    )
    assert prepare().facts.extra["engine_cached"] is False


def test_an_engine_that_was_written_anew_is_no_cached_one(prepare, ort):
    prepare()

    def builds(options):
        (engine,) = Path(options["trt_engine_cache_path"]).glob("*.engine")
        engine.write_bytes(b"another engine")

    ort.builds = builds
    assert prepare().facts.extra["engine_cached"] is False


def test_a_folder_that_cannot_be_made_has_its_mend(prepare, artifact):
    (artifact.parent / "engines").write_text("no folder")
    with pytest.raises(
        EnvironmentFault, match=r"engines cannot be kept .*--set onnxruntime_tensorrt\.engine_cache=off"
    ):
        prepare()


@pytest.mark.parametrize(
    ("asked", "ran"), [("fp32", "fp32"), ("tf32", "tf32"), ("fp16", "fp16"), ("bf16", "bf16")]
)
def test_precision_is_what_tensorrt_was_allowed(prepare, asked, ran):
    facts = prepare(precision=asked).facts
    assert facts.precision == ran
    assert facts.extra["precisions_allowed"] == ["fp32", *([ran] if ran in ("fp16", "bf16") else [])]


@pytest.mark.parametrize("word", ["1", "True"])
def test_a_switch_is_on_however_it_is_written(word, artifact):
    taken = {"trt_fp16_enable": word, "trt_cuda_graph_enable": word}
    told = onnxruntime_tensorrt._told_of_options(taken)
    assert told == {"cuda_graph": "on", "precisions_allowed": ["fp32", "fp16"]}
    assert onnxruntime_tensorrt._read_back(artifact, taken) == "fp16"


def test_without_nvidias_variable_fp32_is_tf32(ort, artifact):
    session = RUNTIME.prepare(Source("onnx", path=str(artifact)), SessionOptions(device="cuda", threads=1))
    assert session.facts.precision == "tf32"


def test_what_tensorrt_leaves_to_cuda_is_counted(prepare, ort):
    assert prepare().facts.provider == TENSORRT
    ort.on_cuda = [("DFT", "fft")]
    facts = prepare().facts
    assert facts.provider == f"{TENSORRT} (3 of 4 nodes)"
    assert facts.extra["nodes"] == {CUDA: 1, TENSORRT: 3}
    ort.tells = False
    assert prepare().facts.provider == TENSORRT


def test_a_model_without_a_node_for_tensorrt_is_an_error(prepare, ort, cuda_api):
    ort.on_tensorrt, ort.on_cuda = [], [("DFT", "fft")]
    with pytest.raises(
        BadInput, match="takes none of the model's 1 nodes; measure it with --runtime onnxruntime"
    ):
        prepare()
    assert "cudaStreamDestroy" in cuda_api.log


@pytest.mark.parametrize("provider", [TENSORRT, CUDA])
def test_a_dropped_provider_is_an_error(prepare, ort, provider):
    ort.drops = {provider}
    with pytest.raises(EnvironmentFault, match=f"dropped {provider}"):
        prepare()


def test_what_it_cannot_do_is_told(artifact):
    for options in (SessionOptions(), SessionOptions(device="cuda", precision="fp64")):
        with pytest.raises(BadInput, match="onnxruntime_tensorrt cannot be asked for"):
            RUNTIME.prepare(Source("onnx", path=str(artifact)), options)


def test_the_version_of_tensorrt_is_the_librarys_own(monkeypatch):
    class Library:
        def getInferLibVersion(self):
            return 101601

    monkeypatch.setattr(onnxruntime_tensorrt.ctypes, "CDLL", lambda name: Library())
    assert onnxruntime_tensorrt.library_version() == "10.16.1"

    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(onnxruntime_tensorrt.ctypes, "CDLL", missing)
    assert onnxruntime_tensorrt.library_version() is None


@pytest.mark.gpu
def test_a_real_gpu_builds_an_engine_and_agrees(artifact, tiny_arrays, monkeypatch):
    found = RUNTIME.check("cuda")
    if not found.available:
        pytest.skip(found.reason)
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    options = SessionOptions(device="cuda", threads=1)
    for cached in (False, True):
        session = RUNTIME.prepare(Source("onnx", path=str(artifact)), options)
        session.bind({"x": tiny_arrays[0]["x"]})
        session.run()
        assert ParityLimits().passes(compare(session.outputs(), tiny_arrays[1]))
        assert min(session.device_ns(1)) > 0
        assert session.facts.extra["engine_cached"] is cached
        session.close()
