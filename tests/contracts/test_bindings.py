"""The real bindings of TensorRT over stub libraries: they import, and what they do without the real ones."""

import bindings
import pytest
import signatures

# What a program meets that makes an object of the library's.
MADE = """
import tensorrt_bindings as trt

class Logger(trt.ILogger):
    def __init__(self):
        trt.ILogger.__init__(self)
    def log(self, severity, msg):
        pass

for what in (trt.Builder, trt.Runtime):
    try:
        print("made", what(Logger()))
    except TypeError as error:
        print(what.__name__, error)
print(trt.DataType.FLOAT, trt.nptype(trt.DataType.INT64).__name__, trt.init_libnvinfer_plugins(Logger(), ""))
"""


def test_the_module_is_of_its_major_and_has_its_classes(offered, major):
    assert offered["version"].split(".")[0] == str(major)
    assert {"Builder", "OnnxParser", "Runtime", "ICudaEngine", "IExecutionContext"} <= set(offered["classes"])


def test_every_method_tells_its_signature(offered):
    silent = [
        f"{kind}.{name}"
        for kind, held in offered["classes"].items()
        for name, (told,) in held["methods"].items()
        if name not in {"__init__", "Severity"} and not signatures.read(told)  # Severity is a class
    ]
    assert silent == []


def test_over_stubs_no_object_is_made_and_the_error_is_clean(major, folder):
    done = bindings.run(folder, major, "-c", MADE)
    assert done.returncode == 0, done.stderr
    nothing = "pybind11::init(): factory function returned nullptr"
    assert done.stdout.splitlines() == [
        f"Builder {nothing}",
        f"Runtime {nothing}",
        "DataType.FLOAT int64 False",
    ]


def test_without_the_libraries_the_import_names_the_first_one_missing(major, tmp_path):
    done = bindings.run(tmp_path, major, "-c", "import tensorrt_bindings")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"ImportError: libnvonnxparser.so.{major}: cannot open shared"
    )


@pytest.mark.parametrize("library", bindings.IMPORTED)
def test_every_stub_is_needed(major, tmp_path, library):
    bindings.libraries(tmp_path, major)
    (tmp_path / f"{library}.so.{major}").unlink()
    assert f"{library}.so.{major}" in bindings.run(tmp_path, major, "-c", "import tensorrt_bindings").stderr
