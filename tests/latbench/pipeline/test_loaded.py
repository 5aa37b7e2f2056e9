import json
from pathlib import Path

import pytest

from latbench import runtimes
from latbench.pipeline.loaded import loaded, pools
from latbench.runtimes.base import Availability

MAPS = """\
7f00-7f10 r-xp 00000000 fe:00 12   /site-packages/torch/lib/libgomp-a34b3233.so.1
7f10-7f20 r--p 00000000 fe:00 12   /site-packages/torch/lib/libgomp-a34b3233.so.1
7f20-7f30 r-xp 00000000 fe:00 13   /usr/lib/with a space/libiomp5.so
7f30-7f40 r-xp 00000000 fe:00 14   /site-packages/numpy.libs/libscipy_openblas64_-32a4.so
7f40-7f50 r-xp 00000000 fe:00 15   /openvino/libs/libtbb.so.12
7f50-7f60 r-xp 00000000 fe:00 16   /openvino/libs/libtbbmalloc.so.2
7f60-7f70 rw-p 00000000 00:00 0    [heap]
7f70-7f80 rw-p 00000000 00:00 0
garbage
"""


def test_thread_libraries_are_known_by_the_names_of_their_files(tmp_path):
    (tmp_path / "maps").write_text(MAPS)
    assert pools(tmp_path / "maps") == {
        "OpenMP (GNU)": ["/site-packages/torch/lib/libgomp-a34b3233.so.1"],
        "OpenMP (Intel)": ["/usr/lib/with a space/libiomp5.so"],
        "TBB": ["/openvino/libs/libtbb.so.12"],
        "OpenBLAS": ["/site-packages/numpy.libs/libscipy_openblas64_-32a4.so"],
    }


def test_a_system_that_does_not_tell_is_unknown(tmp_path):
    assert pools(tmp_path / "none") is None


def test_a_runtime_is_told_with_its_process():
    found = loaded(["fake"])
    assert found["available"]["fake"]["cpu"]["available"]
    assert json.loads(json.dumps(found)).keys() == {"available", "pools", "threads"}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="maps are Linux's")
def test_this_process_is_read():
    import numpy as np

    assert np.zeros(1).size
    assert pools(Path("/proc/self/maps")) is not None
    assert loaded(["fake"])["threads"] >= 1


def test_each_device_that_a_runtime_has_is_asked_for(monkeypatch):
    asked = []

    class Runtime:
        def __init__(self, name, *devices):
            self.name, self.devices = name, frozenset(devices)

        def check(self, device):
            asked.append((self.name, device))
            return Availability(device == "cpu", reason=f"no {device}")

    made = {"a": Runtime("a", "cuda", "cpu", "npu"), "b": Runtime("b", "cuda")}
    monkeypatch.setattr(runtimes, "get", made.get)
    found = loaded(["a", "b"])["available"]
    assert asked == [("a", "cpu"), ("a", "cuda"), ("b", "cuda")]
    assert [found["a"][device]["available"] for device in ("cpu", "cuda")] == [True, False]
    assert found["b"]["cuda"]["reason"] == "no cuda"
