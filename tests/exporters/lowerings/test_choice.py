import math

import pytest

from exporters.errors import InputError
from exporters.lowerings.choice import PRODUCTS, chooser, distance, eager, fitted
from exporters.lowerings.name import Choice
from exporters.lowerings.table import Row, Table, packaged


def row(lowering, over_spatial, *, runtime="onnxruntime", axis="h", length=56, channels=64, **others):
    given = {"threads": 1, "neighbours": "none", "dense": False, "ms": 1.0, "cpu": "CPU A"} | others
    return Row(
        runtime=runtime,
        axis=axis,
        length=length,
        channels=channels,
        lowering=lowering,
        over_spatial=over_spatial,
        **given,
    )


@pytest.fixture
def decided(circular):
    """Return a function: what is decided for one operator of 64 x 56 x 56 along H, by a table of rows."""

    def decide(*rows, asked="auto", target="onnxruntime", threads=1, machine=None, around="none", **operator):
        shape = operator.pop("shape", (1, 64, 56, 56))
        op = circular(operator.pop("axis", "h"), shape, **operator)
        return chooser(asked, target, threads, Table(rows), machine)(op, around)

    return decide


SLOW, FAST = row("circulant", 2.0), row("grouped_conv", 3.0)


def test_the_fastest_of_the_nearest_cell_is_taken_and_its_row_named(decided):
    decision = decided(SLOW, FAST, row("spatial", 1.0), row("circulant", 9.0, length=224))
    assert decision.choice == Choice("grouped_conv")
    assert decision.reason == "measured 3x spatial: onnxruntime, axis h, N 56, 64 channels, 1 thread, alone"


def test_the_machine_that_was_measured_is_named_where_it_is_another(decided):
    assert "CPU A" not in decided(FAST, machine="CPU  A").reason
    assert decided(FAST, machine="CPU B").reason.endswith("alone, on another machine (CPU A)")


def test_nothing_slower_than_spatial_is_taken(decided):
    decision = decided(row("circulant", 0.99), row("grouped_conv", 1.0))
    assert decision.choice == Choice("spatial")
    assert decision.reason.startswith("nothing measured faster than spatial: onnxruntime, axis h, N 56")


def test_what_may_be_much_slower_is_not_taken(decided):
    unsure, sure = row("grouped_conv", 1.4, ci95_low=0.8, ci95_high=2.0), row("circulant", 1.1, ci95_low=1.0)
    assert decided(unsure, sure).choice == Choice("circulant")


@pytest.mark.parametrize(
    "other",
    [
        {"axis": "w"},
        {"runtime": "openvino"},
        {"dense": True},
        {"threads": 2},
        {"neighbours": "conv"},
    ],
)
def test_rows_of_something_else_do_not_speak(decided, other):
    assert decided(SLOW, row("grouped_conv", 9.0, **other)).choice == Choice("circulant")


def test_the_nearest_thread_count_speaks_where_none_is_the_same(decided):
    one, four = row("circulant", 2.0), row("grouped_conv", 2.0, threads=4)
    assert [decided(one, four, threads=count).choice.lowering for count in (1, 3, 8)] == [
        *("circulant", "grouped_conv", "grouped_conv")
    ]


@pytest.mark.parametrize(
    ("speed", "taken"), [(PRODUCTS * 0.99, "crt2"), (PRODUCTS * 1.01, "circulant+matmul")]
)
def test_convolutions_become_products_only_for_a_clear_gain(decided, speed, taken):
    rows = [row("circulant+matmul", speed, neighbours="conv"), row("crt2", 1.2, neighbours="conv")]
    assert decided(*rows, around="conv").choice.text == taken


def test_neighbours_decide(decided):
    between = row("circulant+matmul", 1.5, neighbours="conv")
    assert decided(FAST, between, around="conv").choice == Choice("circulant", pointwise="matmul")
    assert "between 1x1 convolutions" in decided(FAST, between, around="conv").reason
    assert decided(FAST, around="conv").choice == Choice("grouped_conv"), "nothing measured in a network"


def test_a_length_that_the_nearest_cells_lowering_cannot_split_asks_the_next(decided):
    rows = row("crt4_8", 4.0), row("circulant", 2.0, channels=32)
    assert decided(*rows).choice == Choice("crt4", 8)
    assert decided(*rows, shape=(1, 64, 59, 59)).choice == Choice("circulant")


def test_the_nearest_factor_of_the_length_stands_for_the_measured_one(decided):
    decision = decided(row("crt4_16_ch", 4.0, length=112), shape=(1, 64, 120, 120))
    assert decision.choice.lowering == "crt4"
    assert decision.choice.chunk == "auto"
    assert 120 % decision.choice.factor == 0
    assert 8 <= decision.choice.factor <= 32
    again = decided(row("crt4_16", 4.0, length=112), shape=(1, 64, 84, 84))
    assert again.choice == Choice("crt4", 14)
    assert "as crt4_16" in again.reason


def test_a_factor_far_from_the_measured_one_is_another_lowering(circular):
    assert fitted(row("crt4_16", 4.0), circular("h", (1, 4, 62, 5))) is None


def test_what_is_not_exact_is_never_chosen(decided):
    assert decided(row("dft_op", 99.0), SLOW).choice == Choice("circulant")


def test_a_portable_graph_takes_the_best_mean(decided):
    rows = (
        *(row("circulant", 2.0), row("grouped_conv", 3.0), row("crt2", 9.0)),
        *(row("circulant", 4.0, runtime="openvino"), row("grouped_conv", 1.5, runtime="openvino")),
        row("crt2", 0.9, runtime="openvino"),
    )
    decision = decided(*rows, target="portable")
    assert decision.choice == Choice("circulant")
    assert "measured 2x spatial: onnxruntime" in decision.reason
    assert "measured 4x spatial: openvino" in decision.reason


def test_a_portable_graph_may_ask_a_cell_nearby_but_not_one_far_away(decided):
    first = row("circulant", 2.0), row("grouped_conv", 1.2, runtime="openvino")
    near = row("circulant", 3.0, runtime="openvino", channels=192)
    far = row("circulant", 3.0, runtime="openvino", length=224)
    assert decided(*first, near, target="portable").choice == Choice("circulant")
    assert decided(*first, far, target="portable").choice == Choice("spatial")


def test_a_lowering_that_was_asked_for_is_given_or_its_nearest_form(decided):
    assert decided(asked="circulant").choice == Choice("circulant")
    assert decided(asked="crt4_8", shape=(1, 64, 59, 59)).choice == Choice("circulant")
    assert decided(asked="fft").choice == Choice("dense_dft")
    with pytest.raises(InputError, match="There is no lowering 'fastest'; use one of: auto, spatial"):
        decided(asked="fastest")


@pytest.mark.parametrize("target", ["tensorrt", "portable"])
def test_where_nothing_was_measured_multiplications_are_counted(decided, target):
    long = decided(target=target, shape=(1, 2, 224, 224))
    assert long.choice.lowering not in ("spatial", "circulant")
    assert "chosen by count" in long.reason
    assert "nothing measured on" in long.reason
    short = decided(target=target, shape=(1, 2, 7, 7))
    assert short.choice == Choice("spatial")
    assert "no lowering takes under 40%" in short.reason


def test_a_dense_operator_is_counted_until_it_is_measured(decided):
    counted = decided(FAST, shape=(1, 64, 14, 14), outputs=64)
    assert counted.choice.lowering not in ("spatial", "circulant", "grouped_conv")
    assert "for a dense operator" in counted.reason
    rows = row("circulant", 2.0, dense=True), row("crt4_8_ch", 3.0, dense=True)
    assert decided(*rows, shape=(1, 8, 56, 56), outputs=8).choice == Choice("circulant")


def test_length_counts_twice_in_what_is_near(circular):
    op = circular("h", (1, 64, 56, 56))
    assert distance(row("circulant", 1.0), op) == 0
    longer, wider = (
        distance(row("circulant", 1.0, **one), op) for one in ({"length": 112}, {"channels": 128})
    )
    assert math.isclose(wider, math.log(2) ** 2)
    assert math.isclose(longer, 5 * math.log(2) ** 2)


def test_eager_pytorch_takes_the_form_that_was_faster():
    rows = [row("fft", ratio, runtime="pytorch", length=length) for length, ratio in ((14, 0.8), (224, 4.0))]
    table = Table((*rows, FAST))
    assert [eager("h", length, 64, 1, table) for length in (7, 400)] == ["spatial", "fft"]
    assert eager("w", 400, 64, 1, table) == "spatial"


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("target", ["portable", "onnxruntime", "openvino"])
@pytest.mark.parametrize("around", ["none", "conv"])
def test_the_packages_table_speaks_for_every_operator(circular, axis, target, around):
    for length, channels, other in ((7, 320, 7), (13, 48, 20), (59, 96, 59), (64, 24, 64), (224, 64, 200)):
        shape = (1, channels, length, other) if axis == "h" else (1, channels, other, length)
        decision = chooser("auto", target, 1, packaged(), "Another CPU")(circular(axis, shape), around)
        assert "nothing measured on" not in decision.reason
        if decision.choice != Choice("spatial"):
            assert f"on another machine ({packaged().cpu})" in decision.reason


def test_the_packages_table_lowers_long_operators(circular):
    for axis in "hw":
        for target in ("portable", "onnxruntime", "openvino"):
            op = circular(axis, (1, 64, 112, 112))
            assert chooser("auto", target, 1, packaged())(op, "none").choice.lowering != "spatial"
