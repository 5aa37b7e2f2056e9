import pytest

from latbench.reports import card
from latbench.reports.gpu import gpu, on_device, waits

TOLD = {
    "runtime_options": "builder_level=5;cuda_graph=on",
    "gpu": "A card",
    "gpu_driver": "590.1",
    "copies": "inputs and outputs, inside host latency",
    "cuda_graph": "fell back: the capture failed",
    "engine_bytes": 12_340_000,
    "engine_build_ms": 35_210.0,
    "engine_cached": True,
    "device_median_ms": 0.4321,
    "device_ci95_low_ms": 0.43,
    "device_ci95_high_ms": 0.435,
    "device_min_ms": 0.421,
    "gpu_copy_gb_s": 3012.0,
    "gpu_matrix_tflops": 48.7,
    "roofline_ms": 0.31,
    "roofline_percent": 71.7,
}


@pytest.fixture
def on_gpu(row):
    """Return a row of a GPU, with what it tells."""
    return lambda **changes: row(runtime="tensorrt") | TOLD | {"device": "cuda", **changes}


@pytest.fixture
def engine(launch):
    """Return the record of a launch that read these layers back."""

    def build(index=0, **layers):
        extra = {"layers": layers, "compute_capability": "9.0"}
        return launch(index=index, facts={"extra": extra})

    return build


def test_everything_known_has_its_line(on_gpu, engine):
    assert gpu(on_gpu(), [engine(fp32=41, fp16=3), engine(1, fp32=41, fp16=3)]) == {
        "options": "builder_level=5, cuda_graph=on",
        "GPU": "A card, driver 590.1, compute capability 9.0",
        "copies": "inputs and outputs, inside host latency",
        "CUDA graph": "fell back: the capture failed",
        "engine": "12.3 MB, taken from the cache, its build took 35.2 s",
        "layers": "41 fp32, 3 fp16 (engine inspector)",
        "roofline": "0.310 ms at the least, 71.7 % of the device latency (measured here: copies 3012 GB/s, "
        "products 48.7 TFLOP/s)",
    }


def test_engines_that_differ_between_launches_are_told_apart(on_gpu, engine):
    told = gpu(on_gpu(), [engine(0, fp32=4), engine(1, fp32=4), engine(2, fp32=3, tf32=1)])
    assert told["layers"] == "4 fp32 (engine inspector, 2 of 3 launches); in 1 of 3 launches 3 fp32, 1 tf32"


def test_a_row_of_a_cpu_has_none_of_it(row, measured):
    assert gpu(row()) == {}
    assert (on_device(row()), waits(row())) == (None, None)
    shown = card(row(), measured((5.0,), (9.0,)))
    assert not any(word in shown for word in ("GPU", "CUDA", "engine", "roofline"))


def test_what_is_not_known_is_left_out(on_gpu):
    some = gpu(on_gpu(engine_cached=False, engine_bytes=None, gpu_driver=None, gpu_matrix_tflops=None))
    assert some["engine"] == "built in this run, its build took 35.2 s"
    assert some["GPU"] == "A card"
    assert some["roofline"].endswith("(measured here: copies 3012 GB/s)")
    assert "layers" not in some
    assert "roofline" not in gpu(on_gpu(roofline_ms=None))


def test_device_latency_stands_beside_that_of_the_caller_with_what_each_means(on_gpu):
    shown = " ".join(card(on_gpu(latency_ms=1.5)).split())
    assert "latency 1.5" in shown
    assert "as the caller waits for it, nothing overlapped; copies: inputs and outputs, inside host" in shown
    assert (
        "on the GPU 0.4321 ms; 95 % interval 0.4300 to 0.4350 ms; least 0.421 ms; 28.8 % of the latency above"
        in shown
    )
    assert "efficientmod_s on tensorrt, cuda, 4 threads" in shown


def test_one_launch_has_no_interval_and_a_row_without_latency_no_words(on_gpu):
    assert "without an interval" in on_device(on_gpu(device_ci95_low_ms=None))
    assert waits(on_gpu(latency_ms=None)) is None
    assert "not known" in waits(on_gpu(copies=None))


def test_tf32_where_fp32_was_asked_for_differs(on_gpu):
    assert "precision     fp32          tf32  DIFFERS" in card(on_gpu(precision_actual="tf32"))


def test_what_the_gpu_did_meanwhile_is_told(on_gpu, measured):
    told = {"gpu_throttled_ms": 120.0, "gpu_sm_mhz_before": 1980, "gpu_other_processes": 0}
    shown = card(on_gpu(), measured((1.0,), (1.1,), told=told))
    assert "GPU slowed by power, heat or the board, ms" in shown
    assert "GPU clock before, MHz" in shown
    assert "other processes on the GPU" in shown.partition("none seen")[2]
