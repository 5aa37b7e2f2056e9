"""Docstrings as pybind11 writes them, and which calls fit."""

import pytest
import signatures

OVERLOADED = """shape(*args, **kwargs)
Overloaded function.

1. shape(self: a.Context, name: str, shape: tuple) -> bool

    Sets it.
    2 of them: shape(x) -> int

2. shape(self: a.Context) -> list[str]
"""


@pytest.mark.parametrize(
    ("told", "names", "needed", "returns"),
    [
        ("f() -> None", (), 0, "None"),
        ("f(self: a.b.C, x: typing.SupportsInt, y: str = None) -> a.b.D", ("x", "y"), 1, "D"),
        ("f(x: Dict[str, int] = {}, y: a.E = <E.A: 0>) -> Tuple[int, int]", ("x", "y"), 0, "Tuple[int, int]"),
        ("f(self: a.C, arg0: Callable[[int, str], None]) -> None", ("arg0",), 1, "None"),
        ("f(arg0: a.C) -> int\n\n    Told.\n", ("arg0",), 1, "int"),
    ],
)
def test_a_signature_is_read(told, names, needed, returns):
    (read,) = signatures.read(told)
    assert (read.names, read.needed, read.returns) == (names, needed, returns)


def test_every_overload_is_read_and_nothing_of_the_text():
    first, second = signatures.read(OVERLOADED)
    assert (first.names, first.returns) == (("name", "shape"), "bool")
    assert (second.names, second.returns) == ((), "list[str]")


@pytest.mark.parametrize("told", ["", "Creates one.", "No signature (here)"])
def test_what_is_no_signature_is_none(told):
    assert signatures.read(told) == ()


@pytest.mark.parametrize(
    ("positional", "keywords", "fits"),
    [
        (1, (), True),
        (2, (), True),
        (3, (), False),
        (0, (), False),
        (0, ("x",), True),
        (1, ("y",), True),
        (1, ("x",), False),
        (1, ("z",), False),
        (0, ("y",), False),
    ],
)
def test_a_call_fits_or_does_not(positional, keywords, fits):
    (read,) = signatures.read("f(self: a.C, x: int, y: int = 1) -> None")
    assert read.takes(positional, keywords) is fits


def test_a_function_of_any_arguments_takes_any():
    (read,) = signatures.read("f(*args, **kwargs) -> None")
    assert read.takes(7, ("z",))
