"""The stand-in sees what does not fit."""

from enum import IntEnum
from types import SimpleNamespace

from held import Held, words


class Colour(IntEnum):
    RED = 1


def paint(colour, wall=None):
    return colour, wall


REAL = SimpleNamespace(paint=paint, LIMIT=3, Colour=Colour)


def held(**fake):
    return Held(REAL, SimpleNamespace(**fake), "paint")


def test_what_fits_passes_through():
    one = held(paint=lambda *given, **named: given, LIMIT=3, Colour=SimpleNamespace(RED=1))
    assert one.paint(1, 2) == (1, 2)
    assert (one.LIMIT, one.Colour.RED) == (3, 1)
    assert one.faults == []
    assert one.used == {"paint", "LIMIT", "Colour"}


def test_a_planted_breach_is_seen():
    one = held(paint=lambda *given, **named: given, gone=1, LIMIT=4, Colour=SimpleNamespace(RED=2, BLUE=3))
    one.paint(1, 2, 3)
    one.paint(1, floor=2)
    assert (one.gone, one.LIMIT, one.Colour.BLUE) == (1, 4, 3)
    first, second, *rest = one.faults
    assert first.startswith("paint(colour, wall=None): too many")
    assert second.startswith("paint(colour, wall=None): got an unexpected keyword")
    assert rest == [
        "gone is not there",
        "LIMIT is 3, the fake says 4",
        "Colour.RED is 1, the fake says 2",
        "Colour.BLUE is None, the fake says 3",
    ]


def test_words_are_whole_ones():
    assert words("ask('nvmlInit'); xnvmlNot; nvmlDone(1)", r"nvml[A-Z]\w+") == {"nvmlInit", "nvmlDone"}
