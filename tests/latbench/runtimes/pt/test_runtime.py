from latbench import runtimes
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.runtime import KNOBS


def test_the_cpu_computes_in_fp32_alone():
    found = runtimes.get("pytorch").check("cpu")
    assert found.precisions == ("fp32",)
    assert "openmp" in found.offers


def test_another_device_is_refused_by_name():
    found = runtimes.get("torch_cudagraph").check("cpu")
    assert found.reason == "the torch_cudagraph runtime measures on cuda, not on 'cpu'"
    assert found.mend == "--device cuda"


def test_the_knobs_reach_the_module():
    options = SessionOptions(threads=1, knobs={"channels_last": True})
    source = Source(
        "module", factory="torch.nn:Conv2d", kwargs={"in_channels": 3, "out_channels": 4, "kernel_size": 3}
    )
    for name in ("pytorch", "torch_compile"):
        runtime = runtimes.get(name)
        assert KNOBS.keys() <= runtime.knobs.keys()
        session = runtime.prepare(source, options)
        assert session.facts.extra["channels_last"] is True
        session.close()
