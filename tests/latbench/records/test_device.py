import pytest

from latbench.records.device import device_columns
from latbench.records.flags.base import Evidence

PEAK = {"copy_gb_s": 2.0, "tflops": {"fp32": 0.01, "fp16": 0.04}, "how": "by hand"}


@pytest.fixture
def evidence(run, plan, result):
    """Makes the evidence of one cell on a GPU whose launches have these fields, or extras of the facts."""

    def make(*launches, extras=(), cell=None, **changes):
        cell = cell or plan(device="cuda")
        made = []
        for number, fields in enumerate(launches):
            extra = extras[number] if number < len(extras) else {}
            facts = {"precision": "fp32", "device": "cuda", "extra": extra, **fields.pop("facts", {})}
            made.append(result(facts=facts, **fields))
        return Evidence(run(cell, **changes), cell, tuple(made))

    return make


def test_device_latency_is_summarised_as_host_latency_is(evidence):
    found = device_columns(
        evidence({"device_ns": (1_000_000, 2_000_000, 9_000_000)}, {"device_ns": (3_000_000, 4_000_000)})
    )
    assert (found["device_median_ms"], found["device_min_ms"]) == (2.75, 1.0)
    assert found["device_ci95_low_ms"] < 2.75 < found["device_ci95_high_ms"]
    (one,) = [device_columns(evidence({"device_ns": (1_000_000,)}))]
    assert (one["device_median_ms"], one["device_ci95_low_ms"]) == (1.0, None)


def test_the_interval_allows_for_the_looks_of_the_run(evidence):
    launches = [{"device_ns": (1_000_000 + 10_000 * number,)} for number in range(5)]

    def width(**changes):
        found = device_columns(evidence(*[dict(one) for one in launches], **changes))
        return found["device_ci95_high_ms"] - found["device_ci95_low_ms"]

    assert width(looks=(5, 10, 20)) > width()


def test_without_device_latency_nothing_is_told(evidence, plan):
    found = device_columns(evidence({}, cell=plan()))
    assert {name for name, value in found.items() if value is not None} == set()
    assert "device_median_ms" not in found


def test_the_engine_is_told_as_the_sessions_read_it_back(evidence):
    first = {"engine_bytes": 1000, "engine_build_ns": 3_000_000_000, "engine_cached": False}
    later = {"engine_bytes": 1000, "engine_build_ns": None, "engine_cached": True}
    same = {"copies": "inputs and outputs, inside host latency", "cuda_graph": "on"}
    found = device_columns(evidence({}, {}, {}, extras=[first | same, later | same, later | same]))
    assert (found["engine_build_ms"], found["engine_bytes"], found["engine_cached"]) == (3000.0, 1000, False)
    assert (found["copies"], found["cuda_graph"]) == (same["copies"], "on")
    found = device_columns(evidence({}, {}, extras=[later, later | {"engine_bytes": 999}]))
    assert (found["engine_build_ms"], found["engine_bytes"], found["engine_cached"]) == (None, None, True)


def test_a_fact_of_another_type_is_not_taken(evidence):
    odd = {"engine_bytes": "many", "engine_cached": 1, "copies": ["all"], "gpu": {"name": "x"}}
    found = device_columns(evidence({}, extras=[odd]))
    assert [found[name] for name in ("engine_bytes", "engine_cached", "copies", "gpu")] == [None] * 4


def test_the_card_is_the_one_that_ran_else_the_one_that_is_here(evidence, plan):
    machine = {"gpu": {"name": "Card A", "driver": "570.1"}}
    found = device_columns(evidence({}, extras=[{"gpu": "Card B", "driver": "13.0"}], machine=machine))
    assert (found["gpu"], found["gpu_driver"]) == ("Card B", "570.1")
    assert device_columns(evidence({}, machine=machine))["gpu"] == "Card A"
    assert device_columns(evidence({}, extras=[{"driver": "13.0"}]))["gpu_driver"] == "13.0"
    assert "gpu" not in device_columns(evidence({}, cell=plan(), machine=machine))


def test_launches_on_several_cards_are_of_none(evidence):
    machine = {"gpu": {"name": "Card A", "driver": "570.1"}}
    two = device_columns(
        evidence(
            {"device_ns": (5,)},
            {"device_ns": (5,)},
            extras=[{"gpu": "Card A"}, {"gpu": "Card B"}],
            machine=machine,
            environment={"roofline": PEAK},
        )
    )
    assert (two["gpu"], two.get("gpu_copy_gb_s"), two.get("roofline_ms")) == (None, None, None)


def test_the_options_set_are_told_whether_or_not_anything_ran(evidence, plan):
    assert device_columns(evidence(cell=plan(knobs="level=5")))["runtime_options"] == "level=5"


@pytest.mark.parametrize(
    ("changes", "precision", "least_ms"),
    [
        ({"macs": 500_000_000, "params": 1_000_000}, "fp32", 100.0),  # 1 GFLOP at 0.01 TFLOP/s
        ({"macs": 500_000_000, "params": 1_000_000}, "fp16", 25.0),  # the same at 0.04
        ({"macs": 500_000_000, "params": 1_000_000, "batch": 2}, "fp16", 50.0),
        ({"macs": 0, "params": 1_000_000}, "fp32", 2.0),  # 4 MB at 2 GB/s
        ({"macs": 0, "params": 1_000_000}, "fp16", 1.0),
        ({"macs": 0, "params": None, "artifact_bytes": 8_000_000}, "fp16", 2.0),
    ],
)
def test_the_roofline_is_the_larger_of_arithmetic_and_weights(evidence, plan, changes, precision, least_ms):
    told = {"facts": {"precision": precision}, "device_ns": (200_000_000,)}
    cell = plan(device="cuda", **changes)
    found = device_columns(evidence(told, cell=cell, environment={"roofline": PEAK}))
    assert found["roofline_ms"] == pytest.approx(least_ms)
    assert found["roofline_percent"] == pytest.approx(least_ms / 2)
    assert (found["gpu_copy_gb_s"], found["gpu_matrix_tflops"]) == (2.0, PEAK["tflops"][precision])


def test_without_a_figure_there_is_no_roofline(evidence, plan):
    def told(cell=None, precision="fp32", peak=PEAK, **fields):
        launch = {"facts": {"precision": precision}, "device_ns": (1_000_000,), **fields}
        found = device_columns(evidence(launch, cell=cell, environment={"roofline": peak}))
        return found.get("roofline_ms"), found.get("roofline_percent")

    assert told(precision="mixed") == told(precision=None) == (None, None)
    assert told(peak={"copy_gb_s": None, "tflops": {}, "how": "not measured: no torch"}) == (None, None)
    assert told(peak=None) == (None, None)
    assert told(plan(device="cuda", macs=None)) == (None, None)
    assert told(plan(device="cuda", params=None, artifact_bytes=None)) == (None, None)
    least, share = told(device_ns=())
    assert least is not None
    assert share is None
    assert told(plan()) == (None, None), "on the CPU there is none"
