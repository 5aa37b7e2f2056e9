"""What holds for every test: no example fails for being slow, and no shell setting colours the output.

Of several processes that run tests at the same time each computes with one thread. Tests marked `gpu` run
where the NVIDIA driver shows a device, and are skipped elsewhere with its reason.
"""

import ctypes
import os
import signal
import sys
from functools import cache

import pytest
from hypothesis import settings

settings.register_profile("latbench", deadline=None)
settings.load_profile("latbench")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so starts whatever a shell runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def why_no_gpu():
    """Return one phrase why CUDA offers no device here, as its driver tells; None where it offers one."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no NVIDIA driver here (libcuda.so.1 is missing)"
    status = driver.cuInit(0)
    if status:
        return f"the NVIDIA driver offers no device (cuInit returned {status})"
    count = ctypes.c_int()
    status = driver.cuDeviceGetCount(ctypes.byref(count))
    return None if status == 0 and count.value else "the NVIDIA driver shows no device"


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu") and (reason := why_no_gpu()):
        pytest.skip(f"needs a GPU: {reason}")
    if "PYTEST_XDIST_WORKER" in os.environ and "torch" in sys.modules:
        torch = sys.modules["torch"]
        if torch.get_num_threads() != 1:  # a runtime may have set another number in the test before
            torch.set_num_threads(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process a long run of tests, so that a module shares what it makes, then even out."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


@pytest.fixture(autouse=True)
def plain_output(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
