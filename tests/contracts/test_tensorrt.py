"""Our TensorRT runtime against the real bindings of TensorRT 10 and 11: every name, argument and property."""

import json
from pathlib import Path

import bindings
import pytest
from uses import strays, uses

from latbench import runtimes
from latbench.runtimes.trt import build

ROOM = Path(runtimes.__file__).parent
SOURCES = [ROOM / "tensorrt.py", *sorted((ROOM / "trt").glob("*.py"))]
# What 11 has no more. The runtime must do without, or ask first.
GONE = {
    "BuilderFlag": ("FP16", "BF16", "INT8"),
    "NetworkDefinitionCreationFlag": ("EXPLICIT_BATCH",),
    "Builder": ("platform_has_fast_fp16", "platform_has_fast_int8", "platform_has_tf32"),
    "IBuilderConfig": ("int8_calibrator",),
}
# Objects in our sources, none of TensorRT's, that have attributes called as some of TensorRT's are.
OURS = (
    *("Path(path)", "array", "card", "cards[0]", "digest", "got", "host", "inspected", "kinds", "log.errors"),
    *("log.warnings", "one", "options", "order", "order.path", "path", "port", "self.errors"),
    *("self.warnings", "self._inputs if given else self._outputs", "texts", "wish", "wish.card"),
)

# Parts of the runtime that need no GPU, with the real module.
REAL = """
import json
import sys
from pathlib import Path
import tensorrt_bindings as trt
from latbench.runtimes.trt import build
from latbench.runtimes.trt.log import forget, logger
from latbench.runtimes.trt.values import kind_of

log = logger(trt)
for name in ("INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE"):
    log.log(getattr(trt.ILogger, name), name)
said = [list(log.errors), list(log.warnings)]
forget(log)
try:
    build.build(trt, log, build.Order(Path("none.onnx"), "fp32", 3, 0, None))
except RuntimeError as error:
    failed = str(error)
types = {str(kind): kind_of(trt, getattr(trt.DataType, kind), "x") for kind in sys.argv[1:]}
converts = [name for name in ("fp32", "tf32", "fp16", "bf16") if build.converts(trt, name)]
print(json.dumps([said, failed, types, converts]))
"""


def fault(use, known):
    """Return what is wrong with a use, None when it is as the bindings have it."""
    if (use.kind, use.name) not in known:
        return "is not there"
    there = known[use.kind, use.name]
    if use.how == "set":
        return None if there is True else "cannot be set"
    if use.how == "call":
        if not isinstance(there, tuple):
            return "cannot be called"
        given = use.positional - (use.name == "__init__" and bool(use.kind))  # which is given `self`
        return None if any(one.takes(given, use.keywords) for one in there) else f"takes {there}"
    return "is a method" if isinstance(there, tuple) and use.kind else None


@pytest.fixture(scope="session")
def known(offered):
    return dict(bindings.everything(offered))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_use_is_as_the_bindings_have_it(path, known, major):
    wrong = [(use, said) for use in uses(path.read_text("utf-8")) if (said := fault(use, known))]
    assert not wrong, "\n".join(
        f"{path.name}:{use.line}: {use.kind or 'tensorrt'}.{use.name} {said} in TensorRT {major}"
        for use, said in wrong
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_use_of_an_object_is_overlooked(path, offered):
    names = {name for held in offered["classes"].values() for name in (*held["methods"], *held["properties"])}
    found = strays(path.read_text("utf-8"), names, OURS)
    assert not found, f"name it as BASES does, or say in OURS that it is none of TensorRT's: {sorted(found)}"


def test_every_source_of_the_runtime_is_read():
    found = {path.stem for path in SOURCES if any(uses(path.read_text("utf-8")))}
    assert {"build", "engine", "log", "session", "tensorrt", "values"} <= found


def test_the_calls_that_matter_are_among_the_uses():
    found = {(use.kind, use.name) for path in SOURCES for use in uses(path.read_text("utf-8"))}
    assert {
        ("", "Builder"),
        ("Builder", "build_serialized_network"),
        ("BuilderFlag", "TF32"),
        ("EngineInspector", "get_engine_information"),
        ("IBuilderConfig", "builder_optimization_level"),
        ("IBuilderConfig", "create_timing_cache"),
        ("ICudaEngine", "get_tensor_name"),
        ("IExecutionContext", "execute_async_v3"),
        ("IExecutionContext", "set_tensor_address"),
        ("Runtime", "deserialize_cuda_engine"),
    } <= found


def test_a_planted_breach_is_seen(known):
    source = """
config.set_flag()
config.no_such_option = 3
trt.BuilderFlag.NONE_SUCH
engine.num_io_tensors = 2
context.execute_async_v3(1, 2)
builder.create_network
trt.OnnxParser(network)
"""
    assert sum(fault(use, known) is not None for use in uses(source)) == 7


def test_what_is_gone_in_11_is_there_in_10(offered, major):
    there = {
        f"{kind}.{name}": any(
            name in offered["classes"][kind][where] for where in ("members", "methods", "properties")
        )
        for kind, names in GONE.items()
        for name in names
    }
    assert set(there.values()) == {major == 10}, there


def test_the_runtime_names_nothing_that_is_gone():
    gone = {(kind, name) for kind, names in GONE.items() for name in names}
    used = {(use.kind, use.name) for path in SOURCES for use in uses(path.read_text("utf-8"))}
    assert not used & gone
    # Those that it has for 10, it asks for by name.
    assert {("BuilderFlag", flag) for flag in build.WEAK.values()} <= gone


def test_what_needs_no_gpu_runs_with_the_real_module(major, folder):
    kinds = ("FLOAT", "HALF", "BF16", "INT64", "INT32", "INT8", "UINT8", "BOOL")
    done = bindings.run(folder, major, "-c", REAL, *kinds)
    assert done.returncode == 0, done.stderr
    said, failed, types, converts = json.loads(done.stdout)
    assert said == [["INTERNAL_ERROR", "ERROR"], ["WARNING"]]
    assert failed.startswith("TensorRT made no builder (pybind11::init(): factory function returned nullptr)")
    assert list(types.values()) == ["fp32", "fp16", "bf16", "int64", "int32", "int8", "uint8", "bool"]
    assert converts == ([] if major == 10 else ["fp16", "bf16"])
