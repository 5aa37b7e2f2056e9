import numpy as np
import pytest

from latbench.crosscheck.base import Unreadable, Work
from latbench.crosscheck.tools.benchmark_app import TOOL
from latbench.runtimes.base import Source

SAID = """[Step 8/11] Querying optimal runtime parameters
[ INFO ]   NUM_STREAMS: 1
[ INFO ]   INFERENCE_NUM_THREADS: 2
[ INFO ]   INFERENCE_PRECISION_HINT: <Type: 'float32'>
[ INFO ] First inference took 16.31 ms
[ INFO ] Count:            400 iterations
[ INFO ] Duration:         1836.02 ms
[ INFO ] Latency:
[ INFO ]    Median:        4.59 ms
[ INFO ]    Average:       4.61 ms
"""


def test_it_is_asked_for_the_same_work(tmp_path):
    array = np.arange(3, dtype=np.float32)
    np.savez(tmp_path / "m.npz", **{"input:x": array, "output:y": array})
    work = Work(Source("onnx", path="m.onnx"), tmp_path / "m.npz", 2, 400, tmp_path)
    command = TOOL.command(work)
    words = " ".join(command)
    for asked in (
        "-m m.onnx",
        "-api sync",
        "-nstreams 1",
        "-nthreads 2",
        "-niter 400",
        "-infer_precision f32",
        "-ip f32",
    ):
        assert asked in words
    name, _, path = command[-1].partition(":")
    assert (command[-2], name) == ("-i", "x")
    assert np.array_equal(np.load(path), array)


def test_what_it_prints_is_read_with_what_it_used():
    said = TOOL.parse(SAID)
    assert (said.median_ns, said.mean_ns, said.iterations, said.rounding_ns) == (4.59e6, 4.61e6, 400, 5e3)
    assert said.facts == {"threads": 2, "streams": 1, "precision": "fp32"}
    assert TOOL.parse(SAID.replace("float32", "bfloat16")).facts["precision"] == "bf16"


def test_another_output_is_unreadable():
    with pytest.raises(Unreadable):
        TOOL.parse("[ ERROR ] no device")


def test_it_comes_with_the_openvino_package():
    pytest.importorskip("openvino")
    assert TOOL.check().available
