import pytest

from latbench.runtimes.base import SessionOptions
from latbench.runtimes.shared import nvidia


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
def test_tf32_is_forbidden_on_a_gpu_in_every_other_precision(precision):
    asked = SessionOptions(device="cuda", precision=precision)
    assert nvidia.environment(asked) == {"NVIDIA_TF32_OVERRIDE": "0"}


def test_tf32_is_left_alone_where_it_is_asked_for_and_on_a_cpu():
    assert nvidia.environment(SessionOptions(device="cuda", precision="tf32")) == {}
    assert nvidia.environment(SessionOptions()) == {}


@pytest.mark.parametrize(
    ("capability", "here"),
    [
        ("7.5", ("fp32", "fp16")),
        ("8.0", ("fp32", "tf32", "fp16", "bf16")),
        ("12.0", ("fp32", "tf32", "fp16", "bf16")),
    ],
)
def test_tf32_and_bf16_came_with_ampere(capability, here):
    assert nvidia.units(("fp32", "tf32", "fp16", "bf16"), capability) == here


@pytest.mark.parametrize(
    "words",
    [
        "CUDA failure 2: out of memory",
        "Error Code 2: OutOfMemory (Requested size was 4294967296 bytes.)",
        "Could not find any implementation for node x due to insufficient memory",
        "the memory could not be allocated",
        "BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 268435456",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "Available memory of 1024 is smaller than requested bytes of 4096",
    ],
)
def test_words_of_a_full_memory(words):
    assert nvidia.full(words)


@pytest.mark.parametrize("words", ["", "an illegal memory access was encountered", "no kernel image"])
def test_other_words_are_of_another_fault(words):
    assert not nvidia.full(words)


def test_the_driver_is_told_where_the_system_tells_it(tmp_path, monkeypatch):
    monkeypatch.setattr(nvidia, "_DRIVER", tmp_path / "version")
    assert nvidia.driver() is None
    (tmp_path / "version").write_text("580.65.06\n")
    assert nvidia.driver() == "580.65.06"
