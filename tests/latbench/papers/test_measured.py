import pytest

from latbench.errors import BadInput
from latbench.papers.measured import Setting, latencies, results_under


@pytest.fixture
def asked(table):
    return table.rows[0]


def test_a_setting_is_all_that_tells_columns_apart(asked, row):
    rows = [
        row(),
        row(runtime="openvino"),
        row(threads_requested=1),
        row(cpu_model="Other"),
        row(target="eager"),
    ]
    assert len(latencies(asked, rows)) == 5
    (only,) = latencies(asked, [row(cpu_model=None, threads_requested=None)])
    assert only == Setting("onnxruntime", -1, "cpu", "", "fp32", "portable")


def test_any_name_of_the_network_will_do(asked, row):
    assert latencies(asked, [row("timm:a")])
    assert not latencies(asked, [row("b")])


@pytest.mark.parametrize(
    "change", [{"input_shape": "1x3x256x256"}, {"input_shape": "2x3x224x224"}, {"arm": "a"}]
)
def test_other_sizes_batches_and_arms_of_comparisons_are_left_out(asked, row, change):
    assert not latencies(asked, [row(**change)])


def test_ok_comes_before_full_and_full_before_late(asked, row):
    early, late = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"
    rows = [
        row(latency=1.0, created=early),
        row(latency=2.0, created=late),
        row(latency=3.0, created=early),
        row(latency=4.0, created=late, protocol="quick"),
        row(latency=5.0, created=late, status="parity_failed"),
    ]
    (found,) = latencies(asked, rows).values()
    assert (found.ms, found.low, found.high, found.others) == (2.0, 1.9, 2.1, 4)


def test_one_that_did_not_converge_counts_where_no_ok_one_does(asked, row):
    late = "2026-02-01T00:00:00+00:00"
    rows = [
        row(latency=6.0, created=late, status="failed"),
        row(latency=7.0, protocol="quick", status="not_converged"),
    ]
    (found,) = latencies(asked, rows).values()
    assert (found.status, found.ms, found.others) == ("not_converged", 7.0, 1)
    (found,) = latencies(asked, [*rows, row(latency=8.0, protocol="quick")]).values()
    assert (found.status, found.ms, found.others) == ("ok", 8.0, 2)


def test_what_did_not_end_ok_shows_how_it_ended_and_no_latency(asked, row):
    (found,) = latencies(asked, [row(status="parity_failed")]).values()
    assert (found.status, found.ms, found.low, found.high) == ("parity_failed", None, None, None)


def test_a_directory_of_results_stands_for_those_below_it(tmp_path):
    for name, file in (("b/c", "records.jsonl"), ("a", "latency.csv")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / file).touch()
    (tmp_path / "other").mkdir()
    assert results_under([tmp_path]) == [tmp_path / "a", tmp_path / "b/c"]
    assert results_under([tmp_path / "a", tmp_path / "none.csv"]) == [tmp_path / "a", tmp_path / "none.csv"]
    with pytest.raises(BadInput, match="other nor any folder in it"):
        results_under([tmp_path / "other"])
