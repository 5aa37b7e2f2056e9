"""The tables as they are, held against the zoo, whose specs state some of their figures as well."""

import pytest

from latbench.errors import BadInput
from latbench.papers import table, tables
from latbench.zoo.registry import models

ASKED = {
    "efficientmod-table1",
    "efficientmod-table4",
    "efficientmod-table6",
    "rednet",
    "cloformer",
    "cetnet",
    "ce",
}


def test_the_papers_have_their_tables():
    assert set(tables()) >= ASKED | {"parc-convnets", "parc-net"}
    names = list(tables())
    assert names.index("efficientmod-table4") < names.index("efficientmod-table10")


@pytest.mark.parametrize("one", tables().values(), ids=list(tables()))
def test_every_row_holds_a_figure_and_every_figure_is_a_number_with_a_source(one):
    for row in one.rows:
        figures = [figure for figure in (row.params, row.flops, row.top1, *row.speed.values()) if figure]
        assert figures, row.label
        assert all(figure.value > 0 and figure.source for figure in figures), row.label
        assert row.top1 is None or 60 < row.top1.value < 90, row.label
        assert row.params is None or 1e6 < row.params.value < 1e8, row.label
        assert row.flops is None or 1e8 < row.flops.value < 1e11, row.label
    assert all(any(device.key in row.speed for row in one.rows) for device in one.devices)


@pytest.mark.parametrize(
    ("name", "label", "printed", "speed"),
    [
        ("efficientmod-table1", "EfficientMod-s", ("12.9", "1.4", "81.0"), {"P100": "5.5", "Xeon": "23.5"}),
        ("efficientmod-table1", "MobileOne-S4", ("14.8", "3.0", None), {"P100": "4.8", "Xeon": "26.6"}),
        ("efficientmod-table4", "VAN-B0", ("4.1", "0.9", "75.4"), {"P100": "4.5", "Xeon": "16.3"}),
        (
            "efficientmod-table6",
            "MBConv iso 256x13",
            ("12.4", "3.1", "77.0"),
            {"P100": "6.5", "Xeon": "196.5"},
        ),
        ("efficientmod-table12", "MobileViT-XS", ("2.3", "1.1", "74.8"), {"iPhone": "25.8"}),
        ("parc-net", "ParC-Net-S", ("5.0", "1.74", "78.6"), {"RK3288": "353", "DP": "98"}),
        ("rednet", "RedNet-50", ("15.54", "2.71", "78.35"), {}),
        ("cloformer", "CloFormer-XXS", ("4.2", "0.6", "77.0"), {"V100": "2425"}),
        ("cetnet", "CETNet-B at 384", (None, "44.5", "84.9"), {}),
        ("ce", "CE-CSWin-B", ("75.8", "14.7", "84.7"), {}),
    ],
)
def test_figures_stand_as_printed(name, label, printed, speed):
    (row,) = [row for row in table(name).rows if row.label == label]
    shown = tuple(figure and figure.text for figure in (row.params, row.flops, row.top1))
    assert shown == printed
    assert {key: figure.text for key, figure in row.speed.items()} == speed


def test_the_zoo_states_the_same_latencies_and_accuracies():
    specs = {model.name: model for model in models()}
    agreed = 0
    for one in tables().values():
        for row in one.rows:
            for model in (specs[name] for name in row.names[:1] if name in specs):
                if row.top1 is not None and model.top1_source == row.top1.source:
                    assert model.top1 == row.top1.value, (one.name, row.label)
                    agreed += 1
                for device in one.devices:
                    figure = row.speed.get(device.key)
                    same = [
                        latency.ms
                        for latency in model.latencies
                        if figure
                        and figure.source.startswith(latency.source)
                        and device.name.startswith(latency.device)
                    ]
                    assert not same or same == [figure.value], (one.name, row.label, device.key)
                    agreed += len(same)
    assert agreed >= 40


def test_only_the_first_name_of_a_row_is_no_other_network_of_the_zoo():
    shared = {}
    for one in tables().values():
        for row in one.rows:
            for name in row.names:
                assert shared.setdefault(name, row.names[0]) == row.names[0]


def test_an_unknown_table_is_refused_with_the_list():
    with pytest.raises(BadInput, match=r"did you mean efficientmod-table1 .*There are: baselines, ce,"):
        table("EfficientMod_Table1x")
    with pytest.raises(BadInput, match="There is no table 'x'; there are: baselines"):
        table("x")
