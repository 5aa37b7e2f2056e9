import pytest

from latbench.papers.beside import beside
from latbench.papers.table import parsed


def test_counts_stand_beside_the_published_ones_and_contradictions_are_marked(table, zoo):
    a, b, c, d, e = beside(table).lines
    assert (a.params.ours, a.params.contradicted, a.macs.ours, a.macs.contradicted) == (
        4_736_264,
        False,
        579_111_424,
        False,
    )
    assert not b.params.contradicted
    assert c.params.contradicted  # 5.9 published, 5.717 counted
    assert c.macs.contradicted  # 1.1 published, 1.026 counted
    assert (d.here, d.params.ours, d.params.contradicted) == (None, None, False)
    assert e.here is None


def test_flops_that_are_two_a_mac_are_halved_before_they_are_held_against_macs(told, zoo):
    told["flops"] = "FLOPs"
    told["rows"][0]["flops_g"] = "1.16"
    line = beside(parsed(told)).lines[0]
    assert not line.macs.contradicted
    assert line.macs.published.value == pytest.approx(0.58e9)
    assert line.row.flops.value == pytest.approx(1.16e9)


def test_macs_of_another_resolution_are_not_compared(told, zoo):
    told["rows"][0]["resolution"] = 384
    line = beside(parsed(told)).lines[0]
    assert (line.macs.ours, line.params.ours) == (None, 4_736_264)


def test_published_over_counted_macs_are_summed_up(table, zoo):
    over = beside(table).over_counted
    assert over.networks == 3
    assert over.least == pytest.approx(0.8 / 0.773098752)
    assert over.middle == pytest.approx(0.6 / 0.579111424)
    assert over.most == pytest.approx(1.1 / 1.026)


def test_nothing_counted_is_none(table, monkeypatch):
    monkeypatch.setattr("latbench.zoo.registry.models", lambda: ())
    assert beside(table).over_counted is None


def test_each_published_column_is_ranked_against_each_measured_one(table, zoo, row):
    rows = [row(name, latency) for name, latency in (("a", 10.0), ("b", 12.0), ("c", 30.0), ("timm:d", 20.0))]
    shown = beside(table, [*rows, row("a", runtime="openvino")])
    assert [one.runtime for one in shown.settings] == ["onnxruntime", "openvino"]
    told = {(one.device.key, one.setting.runtime): one.correlation for one in shown.agreements}
    assert told["Xeon", "onnxruntime"].rho == pytest.approx(0.8)
    assert told["P100", "onnxruntime"].n == 4
    assert told["Xeon", "openvino"].n == 1
    assert shown.lines[3].here.name == "timm:d"


def test_runtimes_and_threads_narrow_the_rows(table, zoo, row):
    rows = [row(), row(runtime="openvino"), row(threads_requested=1), row(runtime="pytorch")]
    assert len(beside(table, rows, runtimes=["openvino", "pytorch"]).settings) == 2
    assert len(beside(table, rows, threads=[1]).settings) == 1
    assert not beside(table, rows, runtimes=["openvino"], threads=[1]).settings


def test_rows_at_another_size_or_batch_are_told(table, zoo, row):
    rows = [
        row(input_shape="1x3x256x256"),
        row(input_shape="8x3x224x224"),
        row("stranger"),
        row(arm="a"),
        row(),
    ]
    assert beside(table, rows).unused == 2


def test_without_results_nothing_is_measured_and_nothing_ranked(table, zoo):
    shown = beside(table)
    assert (shown.settings, shown.agreements, shown.unused) == ((), (), 0)
