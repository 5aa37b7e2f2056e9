import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.errors import InputError
from exporters.lowerings import lowerings
from exporters.lowerings.name import VALUES, Choice, parse

NAMES = sorted(lowerings())


@given(
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.integers(1, 999)),
    st.one_of(st.none(), st.just("auto"), st.integers(1, 999)),
    st.sampled_from(["conv", "matmul"]),
)
def test_a_name_is_read_back(name, factor, chunk, pointwise):
    choice = Choice(name, factor if lowerings()[name].takes_factor else None, chunk, pointwise)
    assert parse(choice.text) == choice
    assert choice.text in VALUES


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("spatial", Choice("spatial")),
        ("fft", Choice("dense_dft")),
        ("crt4_16", Choice("crt4", 16)),
        ("crtk_14_ch", Choice("crtk", 14, "auto")),
        ("circulant_ch8+matmul", Choice("circulant", None, 8, "matmul")),
        ("crt4", Choice("crt4")),
    ],
)
def test_names_say_what_they_say(text, choice):
    assert parse(text) == choice


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auto",
        "fast",
        "circulant_8",
        "crt4_",
        "crt4_016",
        "crt4_0",
        "crt4_16_ch0",
        "circulant_chs",
        "circulant+conv",
        "Circulant",
        " circulant",
        "crt4_-2",
        "circulant+matmul_ch",
        "crt4_<N1>",
    ],
)
def test_what_is_no_name_is_refused_with_those_there_are(text):
    with pytest.raises(InputError) as told:
        parse(text)
    assert str(told.value).startswith(f"There is no lowering {text!r}; use one of: auto, spatial, fft, ")
    assert "crt4_<N1>, " in str(told.value)
    assert text in VALUES or text != "auto"


def test_the_values_of_an_option_begin_with_auto_and_leave_none_out():
    listed = list(VALUES)
    assert listed[:3] == ["auto", "spatial", "fft"]
    assert {name.removesuffix("_<N1>") for name in listed[3:]} == set(NAMES) - {"spatial"}
    assert len(VALUES) == len(listed) == len(set(listed))
    assert all(text in VALUES for text in ("auto", "fft", "crt4_16", "crt4_16_ch+matmul"))
    assert not any(text in VALUES for text in ("crt4_<N1>", "none", 4, None))
