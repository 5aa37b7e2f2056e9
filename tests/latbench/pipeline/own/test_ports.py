import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.own.ports import Port, fixes, settled

IMAGE = Port("x", ("batch", 3, "h", "w"), np.float32)
IDS = Port("ids", ("batch", "length"), np.int64)
MASK = Port("mask", ("batch", "length"), np.int64)
UNNAMED = Port("x", (None, 3, None, None), np.float32)
RANKLESS = Port("x", None, np.float32)
FIXED = Port("x", (1, 3, 8, 8), np.float32)


def shapes(ports, asked=NONE, resolution=None):
    return [one.shape for one in settled(ports, asked, "m", resolution)]


def test_an_axis_that_several_inputs_share_is_fixed_once():
    assert shapes([IDS, MASK], Inputs(pin=("length=7",))) == [(1, 7), (1, 7)]
    assert shapes([IDS, MASK], Inputs(pin=("length=7", "batch=3"))) == [(3, 7), (3, 7)]


def test_shapes_go_to_the_inputs_they_name_or_to_the_next_one():
    assert shapes([IDS, MASK], Inputs(shape=("2x5", "2x6"))) == [(2, 5), (2, 6)]
    assert shapes([IDS, MASK], Inputs(shape=("mask=2x5", "2x6"))) == [(2, 6), (2, 5)]
    assert shapes([RANKLESS], Inputs(shape=("4x4",))) == [(4, 4)]


def test_a_resolution_fixes_the_two_open_axes_of_an_image():
    assert shapes([IMAGE], resolution=16) == [(1, 3, 16, 16)]
    assert shapes([Port("x", (1, None, None, 3), np.float32)], resolution=16) == [(1, 16, 16, 3)]
    assert shapes([FIXED], resolution=8) == [(1, 3, 8, 8)]


def test_sizes_that_are_usual_hold_where_nothing_else_is_asked_for():
    port = Port("x", ("s0", 3), np.float32, usual=(4, 3))
    assert shapes([port]) == [(4, 3)]
    assert shapes([port], Inputs(pin=("s0=9",))) == [(9, 3)]


@pytest.mark.parametrize(
    ("ports", "asked", "resolution", "told"),
    [
        ([IMAGE], NONE, None, "--pin h=SIZE --pin w=SIZE, or export it with a fixed shape"),
        (
            [UNNAMED],
            NONE,
            None,
            "axis 2 of its input 'x' and axis 3 of its input 'x' open; fix it with --shape",
        ),
        ([RANKLESS], NONE, None, "leaves the shape of its input 'x' open; give it with --shape x="),
        ([IDS], Inputs(pin=("depth=3",)), None, "no open axis 'depth'; --pin can fix: batch, length"),
        ([UNNAMED], Inputs(pin=("h=3",)), None, "no open axis 'h'; it names none, use --shape"),
        ([IDS], Inputs(shape=("y=1x3",)), None, "no input 'y'; --shape can name: ids"),
        ([IDS], Inputs(shape=("1x3", "1x3")), None, "has 1 inputs (ids), and --shape gives more"),
        ([FIXED], Inputs(shape=("1x3x8x9",)), None, "as 1x3x8x8, which --shape 1x3x8x9 does not fit"),
        ([IDS], Inputs(shape=("1x3x8",)), None, "as batchxlength, which --shape 1x3x8 does not fit"),
        ([IDS], Inputs(shape=("1x3:float32",)), None, "takes int64 as its input 'ids', not float32"),
        ([IDS], Inputs(shape=("1x3",), values=("y=0:2",)), None, "no input 'y'; --range can name: ids"),
        ([FIXED], NONE, 16, "has the fixed input 1x3x8x8; --resolution 16 cannot apply"),
    ],
)
def test_what_stays_open_or_contradicts_is_one_sentence(ports, asked, resolution, told):
    with pytest.raises(BadInput) as caught:
        settled(ports, asked, "m", resolution)
    assert told in str(caught.value)
    assert str(caught.value).startswith("m ")


@pytest.mark.parametrize(
    ("port", "asked", "resolution", "fixed"),
    [
        (IMAGE, NONE, None, False),
        (IMAGE, NONE, 16, True),
        (IMAGE, Inputs(values=("0:1",)), None, False),
        (IDS, Inputs(pin=("batch=1",)), None, True),
        (FIXED, Inputs(shape=("1x3x8x8",)), None, False),
        (FIXED, NONE, 8, False),
        (RANKLESS, Inputs(shape=("1x3",)), None, True),
    ],
)
def test_a_copy_is_needed_where_an_open_axis_is_fixed(port, asked, resolution, fixed):
    assert fixes([port], asked, resolution) is fixed
