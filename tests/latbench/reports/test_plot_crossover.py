import sys

import pytest

from latbench.errors import EnvironmentFault
from latbench.reports.plot_crossover import LOOKS, draw, plotted

SIZES = (7, 14, 28, 56)


def row(**values):
    setting = {
        "model": None,
        "axis": "h",
        "channels": 64,
        "dense": False,
        "context": "isolated",
        "threads": 1,
        "device": "cpu",
        "clock": "host",
    }
    return {"runtime": "onnxruntime", **setting, **values}


def latency(lowering, size, value, **setting):
    ends = {"latency_ci95_low_ms": 0.9 * value, "latency_ci95_high_ms": 1.1 * value}
    return row(lowering=lowering, size=size, latency_ms=value, **ends, **setting)


def ratio(size, value, comparison="best_exact", **setting):
    ends = {"ratio": value, "ratio_ci95_low": 0.9 * value, "ratio_ci95_high": 1.1 * value}
    return row(comparison=comparison, size=size, lowering="circulant", basis="net", **ends, **setting)


def crossing(**values):
    told = {
        "kind": "crossing",
        "estimate": 20.0,
        "ci95_low": 17.0,
        "ci95_high": None,
        "interval": "20 [17, above 56]",
    }
    return row(**{"comparison": "best_exact", "smallest": 7, "largest": 56, **told, **values})


@pytest.fixture
def rows():
    curves = [latency("spatial", size, size**2 / 1e4) for size in SIZES]
    curves += [latency("circulant", size, size / 500) for size in SIZES]
    curves += [latency("dft_op", 7, 1.0) | {"latency_ms": None}]
    return curves, [ratio(size, size / 20) for size in SIZES], [crossing()]


def test_a_figure_has_two_panels_for_each_runtime_and_axis(rows):
    curves, ratios, crossovers = rows
    more = [{**one, "runtime": "openvino", "axis": "w"} for one in curves]
    figure = plotted(curves + more, ratios, crossovers)
    assert len(figure.axes) == 4
    assert (
        {axes.get_xscale() for axes in figure.axes} == {axes.get_yscale() for axes in figure.axes} == {"log"}
    )
    assert "openvino" in figure.axes[1].get_title()
    assert figure.legends[0].get_texts()[0].get_text() == "spatial"


def test_the_crossover_is_marked_where_it_is_with_its_interval(rows):
    below = plotted(*rows).axes[1]
    stars = [line for line in below.lines if line.get_marker() == "*"]
    assert [list(line.get_xdata()) for line in stars] == [[20.0]]
    bars = [line for line in below.lines if line.get_linewidth() == 2.5]
    assert [list(line.get_xdata()) for line in bars] == [[17.0, 56]]  # the open end goes to that of the range
    assert [line.get_marker() for line in below.lines][-2:] == ["|", ">"]


def test_no_crossover_has_no_mark(rows):
    curves, ratios, _ = rows
    below = plotted(curves, ratios, [crossing(kind="candidate", estimate=None)]).axes[1]
    assert not [line for line in below.lines if line.get_marker() == "*"]


def test_intervals_are_shaded_and_curves_without_one_are_not(rows):
    curves, ratios, crossovers = rows
    assert len(plotted(*rows).axes[0].collections) == 2
    bare = [{**one, "latency_ci95_low_ms": None, "latency_ci95_high_ms": None} for one in curves]
    assert not plotted(bare, ratios, crossovers).axes[0].collections


def test_the_device_and_its_clock_are_in_the_title(rows):
    curves, ratios, crossovers = rows
    on_gpu = [{**one, "device": "cuda", "clock": "device"} for one in curves]
    assert "onnxruntime on cuda, device latency" in plotted(on_gpu, ratios, crossovers).axes[0].get_title()


def test_curves_are_told_apart_in_grey_too():
    assert len({look.marker for look in LOOKS.values()}) == len(LOOKS)
    assert len({str(look.dashes) for look in LOOKS.values()}) == len(LOOKS)
    assert len({look.color for look in LOOKS.values()}) == len(LOOKS)


def test_each_channel_count_and_network_has_its_files(rows, tmp_path):
    curves, ratios, crossovers = rows
    setting = {"model": "parcnet_s", "axis": None, "channels": None, "dense": None, "context": "model"}
    network = [{**one, **setting, "threads": 2} for one in curves]
    written = draw(curves + network, ratios, crossovers, tmp_path)
    assert [path.name for path in written] == [
        "crossover_c64.svg",
        "crossover_c64.png",
        "crossover_parcnet_s_2threads.svg",
        "crossover_parcnet_s_2threads.png",
    ]
    assert (tmp_path / "crossover_c64.png").read_bytes().startswith(b"\x89PNG")
    first = (tmp_path / "crossover_c64.svg").read_bytes()
    draw(curves, ratios, crossovers, tmp_path)
    assert (tmp_path / "crossover_c64.svg").read_bytes() == first  # the same rows, the same bytes


def test_without_matplotlib_it_says_how_to_get_it(rows, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'latbench\[plot\]'"):
        draw(*rows, tmp_path)
