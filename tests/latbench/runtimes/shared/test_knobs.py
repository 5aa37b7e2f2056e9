import pytest

from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.fake import FakeRuntime
from latbench.runtimes.shared.knobs import from_text, read, to_text

FAKE = FakeRuntime()


@pytest.mark.parametrize(
    ("knobs", "text"),
    [
        ({}, None),
        ({"mode": "fancy", "graph": False, "level": 5}, "graph=off;level=5;mode=fancy"),
        ({"speed": 0.1, "graph": True}, "graph=on;speed=0.1"),
    ],
)
def test_values_come_back_from_their_text(knobs, text):
    assert to_text(knobs) == text
    back = from_text(FAKE, text)
    assert back == knobs
    assert {name: type(value) for name, value in back.items()} == {
        name: type(value) for name, value in knobs.items()
    }


def test_the_order_in_which_they_were_set_changes_nothing():
    assert to_text({"a": 1, "b": 2}) == to_text({"b": 2, "a": 1})


def test_an_option_that_does_not_exist_tells_those_that_do():
    with pytest.raises(BadInput, match="fake has no option 'levels'; it has graph ") as caught:
        read(FAKE, "levels", "3")
    assert "level (changes nothing: a whole number from 0 to 5)" in str(caught.value)
    with pytest.raises(BadInput, match="has no option 'levels'; it has none"):
        read(runtimes.get("openvino"), "levels", "3")


def test_a_value_that_is_not_allowed_tells_which_are():
    with pytest.raises(BadInput, match=r"fake\.mode=odd: give one of: plain, fancy\."):
        read(FAKE, "mode", "odd")
    with pytest.raises(BadInput, match="has no option 'gone'"):
        from_text(FAKE, "gone=1")
