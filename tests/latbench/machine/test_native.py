import ctypes
import mmap
import subprocess
import sys
import threading

import numpy as np
import pytest

from latbench.machine import native

has_code = pytest.mark.skipif(native.function("control") is None, reason="machine code is refused here")
smallest = np.finfo(np.float32).smallest_subnormal


def test_each_processor_has_every_function():
    names = {frozenset(functions) for functions in native.CODE.values()}
    assert names == {frozenset({"handoff", "handoff_pause", "control"})}
    assert all(bytes.fromhex(code) for functions in native.CODE.values() for code in functions.values())


@pytest.mark.parametrize("processor", native.CODE)
def test_the_two_ways_of_waiting_differ_in_one_instruction(processor):
    plain, pause = (bytes.fromhex(native.CODE[processor][name]) for name in ("handoff", "handoff_pause"))
    assert len(plain) == len(pause)
    assert sum(a != b for a, b in zip(plain, pause, strict=True)) == 1


@has_code
@pytest.mark.parametrize("name", ["handoff", "handoff_pause"])
@pytest.mark.parametrize(
    ("value", "asked", "done", "left"), [(0, (0, 1), 1, 1), (7, (7, 1), 1, 8), (1, (0, 3), 0, 1)]
)
def test_a_handoff_without_a_partner_gives_up(name, value, asked, done, left):
    word = ctypes.c_uint64(value)
    assert native.function(name)(ctypes.addressof(word), *asked, 1000) == done
    assert word.value == left


@has_code
@pytest.mark.parametrize("name", ["handoff", "handoff_pause"])
def test_two_threads_hand_a_word_to_and_fro(name):
    word, rounds, patience = ctypes.c_uint64(0), 20, 10**10
    swap, done = native.function(name), []
    partner = threading.Thread(target=lambda: done.append(swap(ctypes.addressof(word), 1, rounds, patience)))
    partner.start()
    done.append(swap(ctypes.addressof(word), 0, rounds, patience))
    partner.join()
    assert (done, word.value) == ([rounds, rounds], 2 * rounds)


@has_code
def test_denormal_numbers_are_flushed_inside_and_exact_again_outside():
    small = np.full(1000, smallest * 8, np.float32)
    assert np.all(small * np.float32(0.5) > 0)
    with native.flushed(True):
        assert np.all(small * np.float32(0.5) == 0)
        with native.flushed(False):
            assert np.all(small * np.float32(0.5) > 0)
        assert np.all(small * np.float32(0.5) == 0)
    assert np.all(small * np.float32(0.5) > 0)


@has_code
def test_the_mode_is_put_back_after_an_error_and_is_the_threads_own():
    seen = []
    with pytest.raises(ValueError, match="planned"), native.flushed(True):
        raise ValueError("planned")
    other = threading.Thread(target=lambda: seen.append(smallest * np.float32(4) * np.float32(0.5)))
    with native.flushed(False):
        other.start()
        other.join()
    assert seen == [smallest * np.float32(2)]
    assert smallest * np.float32(4) > 0


@pytest.mark.parametrize(
    ("processor", "expected"), [("AMD64", "x86_64"), ("arm64", "aarch64"), ("riscv64", None), ("", None)]
)
def test_processors_by_their_names(monkeypatch, processor, expected):
    monkeypatch.setattr(native.platform, "machine", lambda: processor)
    assert native.machine() == expected


def test_a_processor_without_code_has_no_functions(monkeypatch):
    monkeypatch.setattr(native.platform, "machine", lambda: "riscv64")
    assert native.function.__wrapped__("handoff") is None


def test_memory_that_is_refused_is_told_by_none(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "refused")

    monkeypatch.setattr(mmap, "mmap", refuse)
    monkeypatch.setattr(native, "function", native.function.__wrapped__)
    assert native.function("handoff") is None
    assert not native.can_flush()
    with pytest.raises(RuntimeError, match="no way to flush"), native.flushed(True):
        pass


REFUSING = """
import ctypes, sys
deny_write_then_execute = 65, 1, 0, 0, 0
if ctypes.CDLL(None).prctl(*deny_write_then_execute):
    sys.exit(9)
from latbench.machine import kernels, native
print(native.function("handoff"), kernels.handoff_ns(), kernels.compute_ns() != [])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel to refuse")
def test_a_kernel_that_refuses_executable_memory_ends_nothing():
    done = subprocess.run([sys.executable, "-c", REFUSING], capture_output=True, text=True, check=False)
    if done.returncode == 9:
        pytest.skip("this kernel cannot be told to refuse")
    assert (done.stdout.strip(), done.stderr) == ("None None True", "")


def test_nothing_is_loaded_before_it_is_asked_for():
    code = "from latbench.machine import native; print(native._KEPT, native.function.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 0"
