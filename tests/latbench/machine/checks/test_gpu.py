import pytest

DRIVER = {"proc/driver/nvidia/version": "NVRM version: 575.57"}
SYSTEM = {"nvmlSystemGetDriverVersion": "575.57", "nvmlSystemGetCudaDriverVersion_v2": 12_090}


def error(nvml, name):
    return type(f"NVMLError_{name}", (nvml.NVMLError,), {})("said")


@pytest.fixture
def whole(nvml, h):
    """Return NVML with so many whole cards, that fails with the error of a name when it is opened."""

    def build(cards=0, init=None):
        return nvml(*[h()] * cards, init=None if init is None else error(nvml, init))

    return build


def test_a_machine_without_one_gets_one_line(asked):
    found = asked("gpu")
    assert (found.status, found.value) == ("note", "no NVIDIA GPU")
    rest = ("gpu_libraries", "gpu_persistence", "gpu_clocks", "gpu_heat", "gpu_mig", "gpu_processes")
    assert [asked(key) for key in rest] == [None] * 6


def test_the_card_and_its_driver(asked, nvml, h):
    found = asked("gpu", pynvml=nvml(h(), system=SYSTEM), environ={"CUDA_VISIBLE_DEVICES": "0"})
    assert (found.status, found.value) == (
        "ok",
        "NVIDIA H, 81920 MiB, compute capability 9.0, driver 575.57, CUDA of the driver up to 12.9, "
        "CUDA_VISIBLE_DEVICES 0",
    )


def test_a_card_that_tells_little(asked, nvml):
    found = asked("gpu", pynvml=nvml({"nvmlDeviceGetName": "NVIDIA H"}))
    assert (found.status, found.value) == ("ok", "NVIDIA H")


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("LibraryNotFound", "no NVIDIA driver is installed", "--gpus all"),
        ("DriverNotLoaded", "not loaded", "modprobe"),
        ("LibRmVersionMismatch", "another version", "restart"),
    ],
)
def test_a_driver_that_is_missing_or_broken_is_a_problem(asked, nvml, name, value, mend):
    found = asked("gpu", DRIVER, pynvml=nvml(init=error(nvml, name)))
    assert found.status == "problem"
    assert value in found.value
    assert mend in found.mend


@pytest.mark.parametrize(
    ("made", "environ", "told"),
    [
        ({"init": "NoPermission"}, {}, ("warning", "/dev/nvidia")),
        ({}, {}, ("problem", "--gpus all")),
        ({"cards": 1}, {"CUDA_VISIBLE_DEVICES": ""}, ("problem", "unset it")),
        ({"cards": 1}, {"CUDA_VISIBLE_DEVICES": "7"}, ("problem", "CUDA_VISIBLE_DEVICES")),
        ({"cards": 1}, {"CUDA_VISIBLE_DEVICES": "GPU-77"}, ("problem", "CUDA_VISIBLE_DEVICES")),
    ],
)
def test_a_card_that_is_not_seen(asked, whole, made, environ, told):
    found = asked("gpu", pynvml=whole(**made), environ=environ)
    assert found.status == told[0]
    assert told[1] in found.mend


def test_without_pynvml(asked, monkeypatch):
    from latbench.machine import gpuseen
    from latbench.machine.checks import base

    monkeypatch.setattr(base, "look", lambda *_: gpuseen.Seen("pynvml is not installed"))
    found = asked("gpu")
    assert (found.status, found.mend) == ("warning", 'pip install "latbench[gpu]"')
    assert "pynvml is not installed" in found.value


def test_a_machine_in_files_alone(asked):
    assert asked("gpu", DRIVER).status == "unknown"


def test_libraries_found_and_not_found(asked, nvml, h, tmp_path):
    for name in ("cuda_runtime/lib/libcudart.so.13", "cudnn/lib/libcudnn.so.9"):
        (tmp_path / "nvidia" / name).parent.mkdir(parents=True)
        (tmp_path / "nvidia" / name).touch()
    found = asked("gpu_libraries", pynvml=nvml(h()), site=tmp_path)
    assert found.status == "note"
    assert f"libcudart.so.13 ({tmp_path / 'nvidia/cuda_runtime/lib'})" in found.value
    assert found.value.endswith("not found: libcublas, libcufft, libnvinfer, libnvonnxparser")
    assert "latbench[tensorrt]" in found.mend


def test_all_libraries_found(asked, nvml, h):
    stems = (
        "cudart.so.12",
        "cublas.so.12",
        "cudnn.so.9",
        "cufft.so.11",
        "nvinfer.so.11",
        "nvonnxparser.so.11",
    )
    found = asked("gpu_libraries", {f"usr/lib64/lib{stem}": "" for stem in stems}, pynvml=nvml(h()))
    assert found.status == "ok"
    assert found.value.count("usr/lib64") == 6
