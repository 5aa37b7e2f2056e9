"""One artifact serves CPU and GPU: what is exported does not depend on the device."""

from dataclasses import replace

import pytest

from latbench.pipeline.options import RunOptions
from latbench.pipeline.plan import Wanted, subjects, wanted
from latbench.pipeline.run import run
from latbench.runtimes.base import Availability

NAMES = ("efficientmod_s", "resnet50", "parcnet_s", "cloformer_xxs", "parc_h_c8_7")


@pytest.fixture(scope="module")
def asked():
    options = RunOptions(names=NAMES, runtimes=("fake",))
    chosen = subjects(options)
    here = {"fake": Availability(True, "1")}

    def build(**changes) -> tuple[Wanted, ...]:
        return wanted(chosen, replace(options, **changes), here)

    return build


@pytest.mark.parametrize("precision", ["fp32", "tf32", "fp16", "bf16"])
def test_the_same_export_is_wished_for_whatever_the_device_and_the_precision(asked, precision):
    on_gpu = asked(device="cuda", precision=precision)
    assert [one.refusal for one in on_gpu] == [None] * len(NAMES)
    assert [one.wish for one in on_gpu] == [one.wish for one in asked()]
    assert {one.target for one in on_gpu} == {"portable"}


@pytest.mark.slow
def test_rows_of_cpu_and_gpu_are_of_the_same_file(tmp_path):
    common = {"names": ("parc_h_c8_7",), "runtimes": ("fake",), "launches": 2, "iterations": 4, "warmup": 1}
    rows = [run(RunOptions(**common, device=device, output=tmp_path)).rows[0] for device in ("cpu", "cuda")]
    assert [row["device"] for row in rows] == ["cpu", "cuda"]
    assert rows[0]["artifact_sha256"] == rows[1]["artifact_sha256"] is not None
    assert len(list((tmp_path / "artifacts").glob("parc_h_c8_7*.onnx"))) == 1
