import re
import shutil
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from latbench.runtimes.base import Availability
from latbench.runtimes.ort import providers

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
FOUND = Availability(True, "1.31.1", offers=(TENSORRT, CUDA, "CPUExecutionProvider"))
CPU_ONLY = Availability(True, "1.31.1", offers=("CPUExecutionProvider",))
CUDA_SO = "libonnxruntime_providers_cuda.so"
PRECISIONS = ("fp32", "tf32", "fp16", "bf16")


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these distributions are installed, with their versions."""
    return lambda **builds: monkeypatch.setattr(
        providers, "builds", lambda: {name.replace("_", "-"): number for name, number in builds.items()}
    )


@pytest.fixture(scope="module")
def library():
    """Compile a library of this name into a folder, linked to others there, which may be taken away again."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")

    def build(folder, name, *wants):
        source = folder / "one.c"
        source.write_text("int one_of_test(void) { return 1; }\n")
        command = ["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(folder / name), str(source)]
        subprocess.run([*command, "-Wl,--no-as-needed", *(str(folder / one) for one in wants)], check=True)

    return build


@pytest.fixture
def package(tmp_path, monkeypatch, fake_ort):
    """A folder as that of onnxruntime-gpu, in which a test puts the libraries of the providers."""
    capi = tmp_path / "onnxruntime" / "capi"
    capi.mkdir(parents=True)
    spec = ModuleSpec("onnxruntime", None, origin=str(capi.parent / "__init__.py"))
    known = {"onnxruntime": spec}
    monkeypatch.setattr(providers.importlib.util, "find_spec", known.get)
    return capi, known


def test_the_build_without_a_gpu_is_named(installed):
    installed(onnxruntime="1.31.1")
    found = providers.available(CUDA, CPU_ONLY, PRECISIONS)
    assert (found.available, found.version) == (False, "1.31.1")
    assert found.reason == f"onnxruntime 1.31.1 is installed, which is the build without {CUDA}"
    assert found.mend.startswith("pip uninstall -y onnxruntime onnxruntime-gpu && pip install")


def test_two_builds_in_one_folder_are_told(installed):
    installed(onnxruntime="1.31.1", onnxruntime_gpu="1.30.0")
    found = providers.available(CUDA, CPU_ONLY, PRECISIONS)
    assert "onnxruntime 1.31.1 and onnxruntime-gpu 1.30.0 are both installed" in found.reason
    assert found.mend.startswith("pip uninstall")


def test_a_gpu_build_without_the_provider_and_one_of_nobodys_are_told(installed):
    installed(onnxruntime_gpu="1.31.1")
    assert "onnxruntime-gpu 1.31.1 was built without" in providers.available(TENSORRT, CPU_ONLY, ()).reason
    installed()
    assert "an onnxruntime of its own is installed" in providers.available(TENSORRT, CPU_ONLY, ()).reason


@pytest.mark.parametrize(
    ("changed", "reason", "mend"),
    [
        ({"driver": 0}, "no NVIDIA driver was found", "install the NVIDIA driver"),
        ({"cards": 0}, "shows no GPU", "CUDA_VISIBLE_DEVICES"),
        ({"driver": 11080}, r"serves CUDA 11\.8 at most", "newer NVIDIA driver"),
    ],
)
def test_no_gpu_has_its_reason_and_mend(fakecuda, monkeypatch, changed, reason, mend):
    api = fakecuda.FakeCuda(**changed)
    if "serves" in reason:
        api.fail["cudaGetDeviceCount"] = fakecuda.cudaError_t.cudaErrorInsufficientDriver
    monkeypatch.setattr(providers.cuda, "bindings", lambda: api)
    found = providers.available(CUDA, FOUND, PRECISIONS)
    assert re.search(reason, found.reason)
    assert mend in found.mend


def test_without_cudas_bindings_the_extra_is_the_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    found = providers.available(CUDA, FOUND, PRECISIONS)
    assert "cuda-bindings cannot be imported" in found.reason
    assert found.mend == 'pip install "latbench[cuda]"'


def test_the_libraries_that_are_missing_are_named_with_their_mend(package, library):
    capi, _ = package
    wanted = ("libcublasLt.so.99", "libthere.so.99", "libcudart.so.99")
    for name in wanted:
        library(capi, name)
    library(capi, CUDA_SO, *wanted)
    (capi / "libcublasLt.so.99").unlink()
    (capi / "libcudart.so.99").unlink()
    found = providers.available(CUDA, FOUND, PRECISIONS)
    assert found.reason.startswith(f"{CUDA} cannot be loaded: libcublasLt.so.99: cannot open shared object")
    assert found.reason.endswith("(nor can libcudart.so.99)")
    assert found.mend == 'pip install "onnxruntime-gpu[cuda,cudnn]"'


def test_the_provider_itself_is_left_to_onnxruntime(package, library, tmp_path):
    """Its constructors look for the host that ONNX Runtime sets beforehand."""
    capi, _ = package
    library(capi, "libcublasLt.so.97")
    library(capi, CUDA_SO, "libcublasLt.so.97")
    assert providers.available(CUDA, FOUND, PRECISIONS).available
    loaded = Path("/proc/self/maps").read_text()
    assert str(capi / "libcublasLt.so.97") in loaded
    assert str(capi / CUDA_SO) not in loaded


@pytest.mark.parametrize(
    ("missing", "mend"),
    [
        (["libnvinfer.so.98"], 'pip install "tensorrt-cu13<11" (onnxruntime'),
        (
            ["libnvinfer.so.98", "libcublas.so.98"],
            'pip install "onnxruntime-gpu[cuda,cudnn]" && pip install "tensorrt-cu13<11"',
        ),
    ],
)
def test_tensorrt_10_is_asked_for_beside_11(package, library, missing, mend):
    capi, _ = package
    for name in missing:
        library(capi, name)
    library(capi, CUDA_SO)
    library(capi, "libonnxruntime_providers_tensorrt.so", *missing)
    for name in missing:
        (capi / name).unlink()
    found = providers.available(TENSORRT, FOUND, PRECISIONS)
    assert "libnvinfer.so.98: cannot open shared object" in found.reason
    assert found.mend.startswith(mend)
    assert "native TensorRT 11 wants an environment of its own" in found.mend


def test_all_libraries_there_is_available(package, library):
    library(package[0], CUDA_SO)
    found = providers.available(CUDA, FOUND, PRECISIONS)
    assert (found.available, found.precisions, found.offers) == (True, PRECISIONS, FOUND.offers)


def test_an_older_gpu_has_no_units_for_tf32_and_bf16(package, library, cuda_api, monkeypatch):
    capi, _ = package
    library(capi, CUDA_SO)
    (card,) = providers.cuda.devices(cuda_api)
    turing = providers.replace(card, compute_capability="7.5")
    monkeypatch.setattr(providers.cuda, "devices", lambda: (turing,))
    assert providers.available(CUDA, FOUND, PRECISIONS).precisions == ("fp32", "fp16")


def test_libraries_that_pip_installed_are_loaded_first(package, library, fake_ort, capsys):
    capi, known = package
    folder = capi / "tensorrt_libs"
    folder.mkdir()
    library(folder, "libnvinfer.so.10")
    library(capi, CUDA_SO)
    library(capi, "libonnxruntime_providers_tensorrt.so")
    known["tensorrt_libs"] = spec = ModuleSpec("tensorrt_libs", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    loaded = []

    def preload():
        sys.stdout.write("Failed to load libcudart")
        loaded.append(1)

    fake_ort.preload_dlls = preload
    assert providers.available(TENSORRT, FOUND, PRECISIONS).available
    assert loaded == [1]
    assert str(folder) in Path("/proc/self/maps").read_text()
    assert capsys.readouterr().out == ""


def test_the_distributions_installed_are_found():
    assert set(providers.builds()) <= {"onnxruntime", "onnxruntime-gpu"}
    assert all(number[0].isdigit() for number in providers.builds().values())
