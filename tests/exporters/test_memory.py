import subprocess
import sys

import pytest

from exporters import memory

MIB = 2**20
GROW = "from exporters.memory import *; import numpy as np; "


def test_the_peak_is_read_in_mib(tmp_path, monkeypatch):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t 9 kB\nVmHWM:\t  2560 kB\nVmRSS:\t 1 kB\n")
    monkeypatch.setattr(memory, "STATUS", status)
    assert memory.peak_mib() == 2.5


@pytest.mark.parametrize("text", [None, "Name:\tpython\n"])
def test_a_peak_that_the_kernel_does_not_tell_is_unknown(tmp_path, monkeypatch, text):
    status = tmp_path / "status"
    if text is not None:
        status.write_text(text)
    monkeypatch.setattr(memory, "STATUS", status)
    assert memory.peak_mib() is None


def test_a_peak_that_cannot_be_reset_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "nowhere" / "clear_refs")
    assert memory.reset_peak() is False


@pytest.mark.skipif(not memory.CLEAR.exists(), reason="the kernel keeps no peak that can be reset")
def test_a_reset_forgets_what_was_freed():
    code = (
        GROW
        + "a = np.ones(40 * 2**20, np.uint8); one = peak_mib(); del a; print(reset_peak(), one - peak_mib())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    done, difference = told.split()
    assert done == "False" or float(difference) > 20
