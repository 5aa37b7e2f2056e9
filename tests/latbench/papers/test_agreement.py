import pytest

from latbench.papers.agreement import agreement, unlike
from latbench.papers.measured import Latency, Setting
from latbench.papers.table import Device, Figure

GPU = Device("P100", "a GPU", "gpu", "s", runtime="onnxruntime")
CPU = Device("Xeon", "a CPU", "cpu", "s", runtime="onnxruntime", threads=4)
HERE = Setting("onnxruntime", 4, "cpu", "This CPU", "fp32", "portable")


def published(**times):
    return {label: Figure(str(time), "s") for label, time in times.items()}


def measured(half=0.1, **latencies):
    return {
        label: Latency("ok" if ms else "failed", ms, ms and ms - half, ms and ms + half, "launches", "r")
        for label, ms in latencies.items()
    }


def test_the_same_order_agrees_entirely():
    found = agreement(CPU, HERE, published(A=1, B=2, C=3, D=4), measured(A=10, B=20, C=30, D=40))
    assert (found.correlation.n, found.correlation.rho, found.correlation.tau) == (4, 1, 1)
    assert found.swapped == found.surely == ()


def test_pairs_in_the_other_order_are_named_the_published_faster_first():
    found = agreement(CPU, HERE, published(A=1, B=2, C=3, D=4), measured(A=10, B=30, C=29.9, D=5))
    assert found.swapped == (("A", "D"), ("B", "C"), ("B", "D"), ("C", "D"))
    assert found.surely == (("A", "D"), ("B", "D"), ("C", "D"))


def test_equal_published_figures_are_no_swapped_pair():
    assert not agreement(CPU, HERE, published(A=98, B=98), measured(A=2, B=1)).swapped


def test_without_intervals_nothing_is_sure():
    given = {label: Latency("ok", ms, None, None, "paper", "r") for label, ms in (("A", 2.0), ("B", 1.0))}
    found = agreement(CPU, HERE, published(A=1, B=2), given)
    assert (found.swapped, found.surely) == ((("A", "B"),), ())


def test_only_networks_with_both_count():
    found = agreement(CPU, HERE, published(A=1, B=2, C=3, D=4), measured(A=1, B=2, C=None, E=5))
    assert (found.correlation.n, found.correlation.nothing) == (2, "too few")


def test_a_throughput_ranks_the_other_way_round():
    device = Device("V100", "a GPU", "gpu", "s", unit="images/s")
    found = agreement(device, HERE, published(A=2425, B=1676, C=1186, D=900), measured(A=1, B=2, C=3, D=4))
    assert found.correlation.rho == 1
    assert found.unlike == ("device gpu", "runtime not stated", "images/s")


@pytest.mark.parametrize(
    ("device", "setting", "told"),
    [
        (CPU, HERE, ()),
        (GPU, HERE, ("device gpu",)),
        (CPU, Setting("openvino", 2, "cpu", "", "fp32", ""), ("runtime onnxruntime", "threads 4")),
        (GPU, Setting("onnxruntime", 4, "cuda", "", "fp32", ""), ()),
        (Device("X", "a CPU", "cpu", "s"), HERE, ("runtime not stated", "threads not stated")),
        (Device("I", "a phone", "phone", "s", runtime="coreml"), HERE, ("device phone", "runtime coreml")),
    ],
)
def test_what_differs_besides_the_processor_is_told(device, setting, told):
    assert unlike(device, setting) == told
