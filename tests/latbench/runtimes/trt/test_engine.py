import json
from dataclasses import replace

import pytest

from latbench.runtimes.shared import cuda, derived, half, nvidia
from latbench.runtimes.tensorrt import RUNTIME
from latbench.runtimes.trt.build import converts
from latbench.runtimes.trt.engine import Wish, obtain
from latbench.runtimes.trt.log import forget, logger

DEFAULTS = {name: knob.default for name, knob in RUNTIME.knobs.items()}


@pytest.fixture
def wish(trt, tiny_model, tmp_path):
    (tmp_path / "tiny.onnx").write_bytes(tiny_model.read_bytes())
    return Wish(tmp_path / "tiny.onnx", "fp32", DEFAULTS, cuda.devices()[0])


@pytest.fixture
def got(trt, wish):
    """Obtain what is wished, with these changes; knobs by name."""
    log = logger(trt)

    def got(knobs=(), **changes):
        forget(log)
        trt.log.clear()
        return obtain(trt, log, replace(wish, knobs={**DEFAULTS, **dict(knobs)}, **changes))

    return got


def engines(wish):
    return sorted((wish.path.parent / "engines").glob("*.engine"))


def test_an_engine_is_built_once_and_kept(trt, wish, got):
    first, second = got(), got()
    assert (first.told["engine_cached"], second.told["engine_cached"]) == (False, True)
    assert first.compile_ns == first.told["engine_build_ns"] > 0
    assert second.compile_ns is None
    assert second.told["engine_build_ns"] == first.compile_ns
    assert second.told["engine_bytes"] == first.told["engine_bytes"] == engines(wish)[0].stat().st_size
    assert not {"Builder", "build_serialized_network"} & set(trt.log)
    same = ("layers", "builder_level", "workspace_bytes", "tf32", "typing", "timings")
    assert {name: first.told[name] for name in same} == {name: second.told[name] for name in same}


def test_what_was_chosen_stands_beside_the_engine(wish, got):
    obtained = got()
    (engine,) = engines(wish)
    told = json.loads(engine.with_suffix(".json").read_text())
    assert (told["layers"], told["precision"], told["build_ns"]) == ({"fp32": 3}, "fp32", obtained.compile_ns)
    assert told["key"]["gpu"] == "Fake H1"


@pytest.mark.parametrize(
    ("precision", "precision_of_all", "layers"),
    [
        ("fp32", "fp32", {"fp32": 3}),
        ("tf32", "tf32", {"tf32": 1, "fp32": 2}),
        ("fp16", "fp16", None),
        ("bf16", "bf16", None),
    ],
)
def test_the_precision_is_what_the_engine_has(got, precision, precision_of_all, layers):
    if precision in ("fp16", "bf16"):
        pytest.importorskip("exporters.precision")
    for _ in range(2):
        obtained = got(precision=precision)
        assert obtained.precision == precision_of_all
        assert layers is None or obtained.told["layers"] == layers


def test_an_inspector_that_cannot_be_read_leaves_the_precision_open(trt, got):
    trt.fail["get_engine_information"] = "{"
    obtained = got()
    assert obtained.precision is None
    assert "layers" not in obtained.told
    assert obtained.told["layers_unread"].startswith("the inspector's JSON cannot be read")


CHANGES = {
    "precision": lambda wish: replace(wish, precision="tf32"),
    "builder_level": lambda wish: replace(wish, knobs={**DEFAULTS, "builder_level": 4}),
    "workspace_mib": lambda wish: replace(wish, knobs={**DEFAULTS, "workspace_mib": 256}),
    "gpu": lambda wish: replace(wish, card=replace(wish.card, name="Fake H2")),
    "compute_capability": lambda wish: replace(wish, card=replace(wish.card, compute_capability="9.1")),
    "driver": lambda wish: replace(wish, card=replace(wish.card, driver_version="13.1")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_engine_is_never_used_for_anything_else(trt, wish, change):
    for one in (wish, change(wish), wish, change(wish)):
        obtained = obtain(trt, logger(trt), one)
    assert obtained.told["engine_cached"]
    assert trt.log.count("build_serialized_network") == 2
    assert len(engines(wish)) == 2


def test_another_artifact_version_or_driver_module_makes_another_engine(trt, wish, got, monkeypatch):
    got()
    wish.path.write_bytes(wish.path.read_bytes() + b"\x0a\x00")  # an empty field: the same graph
    assert not got().told["engine_cached"]
    trt.__version__ += ".1"
    assert not got().told["engine_cached"]
    monkeypatch.setattr(nvidia, "driver", lambda: "999.1")
    assert not got().told["engine_cached"]
    assert len(engines(wish)) == 4


def test_another_conversion_makes_another_engine(trt, got, monkeypatch):
    pytest.importorskip("exporters.precision")
    if not converts(trt, "fp16"):
        pytest.skip("TensorRT 10 converts nothing")
    got(precision="fp16")
    assert got(precision="fp16").told["engine_cached"]
    monkeypatch.setattr(half, "maker", dict)
    assert not got(precision="fp16").told["engine_cached"]


@pytest.mark.parametrize("part", ["builder", "variable"])
def test_another_setting_of_the_builder_makes_another_engine(got, monkeypatch, part):
    got()
    assert got().told["engine_cached"]
    if part == "builder":
        monkeypatch.setattr(derived, "code_sha256", lambda *_: "changed")
    else:
        monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    assert not got().told["engine_cached"]


def test_a_knob_that_only_says_how_it_is_run_shares_the_engine(got):
    got()
    assert got({"cuda_graph": True, "timing_cache": False}).told["engine_cached"]


def test_without_the_cache_nothing_is_read_or_kept(wish, got):
    for _ in range(2):
        obtained = got({"engine_cache": False, "timing_cache": False})
        assert not obtained.told["engine_cached"]
        assert obtained.told["timings"] == "off"
    assert not (wish.path.parent / "engines").exists()


def test_timings_are_shared_by_engines_of_one_card_and_not_by_two(trt, wish, got):
    assert got().told["timings"] == "new"
    assert got({"builder_level": 1}).told["timings"] == "reused"
    assert got(card=replace(wish.card, name="Fake H2")).told["timings"] == "new"


def test_a_damaged_engine_is_rebuilt_and_said(wish, got):
    got()
    (engine,) = engines(wish)
    engine.write_bytes(engine.read_bytes()[:-1])
    obtained = got()
    assert not obtained.told["engine_cached"]
    assert obtained.told["engine_rebuilt"] == "the engine kept is damaged"
    assert got().told["engine_cached"]


def test_a_refused_engine_is_rebuilt_and_said(trt, wish, got):
    got()
    trt.fail.update({"deserialize_cuda_engine": "Error Code 1: serialization version mismatch", "once": True})
    obtained = got()
    assert obtained.told["engine_rebuilt"].endswith("Error Code 1: serialization version mismatch")
    assert not obtained.told["engine_cached"]
    assert got().told["engine_cached"]


def test_an_engine_that_does_not_fit_the_memory_is_not_rebuilt(trt, got):
    got()
    trt.fail["deserialize_cuda_engine"] = "Cuda Runtime (out of memory)"
    with pytest.raises(MemoryError):
        got()
    assert "Builder" not in trt.log


def test_an_engine_just_built_and_refused_is_a_failure(trt, got):
    trt.fail["deserialize_cuda_engine"] = "Cannot find plugin: Mine, version: 1"
    with pytest.raises(RuntimeError, match="refused the engine it built: Cannot find plugin: Mine"):
        got()


def test_a_folder_that_cannot_be_written_stops_nothing_and_is_said(wish, got):
    (wish.path.parent / "engines").write_text("a file")
    obtained = got()
    assert obtained.told["engine_kept"].startswith("no: the engine could not be kept")
    assert not got().told["engine_cached"]


def test_no_runtime_tells_the_last_error(trt, got):
    trt.fail["Runtime"] = "CUDA initialization failure with error: 35"
    with pytest.raises(RuntimeError, match=r"TensorRT made no runtime .*CUDA initialization failure"):
        got()
