"""Whole runs on a GPU: every runtime that is here gives a row that holds against eager fp32 on the CPU."""

import pytest

from latbench import runtimes
from latbench.pipeline.options import RunOptions
from latbench.pipeline.run import run
from latbench.records import read

pytestmark = pytest.mark.gpu

MODEL = "efficientmod_block_c64_r6_28"
PRECISIONS = ("fp32", "tf32", "fp16")


def here(precision):
    """Return the runtimes that can be asked for `precision` on this GPU."""
    found = []
    for name, runtime in runtimes.runtimes().items():
        if name == "fake" or "cuda" not in runtime.devices or precision not in runtime.precisions:
            continue
        told = runtime.check("cuda")
        if told.available and (not told.precisions or precision in told.precisions):
            found.append(name)
    return tuple(found)


@pytest.fixture(scope="module", params=PRECISIONS)
def measured(request, tmp_path_factory):
    names = here(request.param)
    if not names:
        pytest.skip(f"no runtime here computes in {request.param} on the GPU: latbench doctor tells why")
    output = tmp_path_factory.mktemp(request.param)
    options = RunOptions(
        names=(MODEL,),
        runtimes=names,
        device="cuda",
        precision=request.param,
        threads=1,
        launches=2,
        iterations=40,
        warmup=10,
        output=output,
    )
    outcome = run(options)
    return request.param, outcome.rows, output


def test_every_row_is_ok_and_ran_as_asked(measured):
    precision, rows, _ = measured
    assert {row["runtime"]: (row["status"], row["reason"]) for row in rows} == {
        row["runtime"]: ("ok", None) for row in rows
    }
    for row in rows:
        assert str(row["device_actual"]).startswith("cuda"), row["runtime"]
        assert row["parity_max_rel"] is not None, row["runtime"]
        if precision in ("fp32", "tf32") and row["precision_actual"] is not None:
            assert row["precision_actual"] in (precision, "fp32"), row["runtime"]


def test_the_latency_on_the_device_lies_within_the_callers(measured):
    _, rows, _ = measured
    for row in rows:
        assert 0 < row["device_median_ms"] < row["latency_ms"], row["runtime"]


def test_every_runtime_that_loads_graphs_had_the_same_file(measured):
    _, rows, _ = measured
    files = {row["artifact_sha256"] for row in rows if row["target"] == "portable"}
    assert len(files) <= 1


def test_every_sample_has_its_latency_on_the_device_and_the_card_is_named(measured):
    _, rows, output = measured
    launches = read(output).launches
    assert launches
    assert [len(one.result.device_ns) for one in launches] == [len(one.result.samples_ns) for one in launches]
    assert all(row["gpu"] and row["copies"] for row in rows)
