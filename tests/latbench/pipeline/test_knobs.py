import pytest

from latbench.errors import BadInput
from latbench.pipeline.knobs import check_knobs, knobs_of, one_of_runtime, session_options
from latbench.runtimes.base import SessionOptions


def test_words_become_values_by_runtime():
    assert knobs_of([]) == {}
    assert knobs_of(["fake.level=5", "fake.graph = on", "fake.speed=2"]) == {
        "fake": {"level": 5, "graph": True, "speed": 2.0}
    }


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("fake", "sets nothing; write RUNTIME.KNOB=VALUE with one of: "),
        ("level=5", "sets nothing; write RUNTIME.KNOB=VALUE"),
        ("fake.level", "sets nothing"),
        ("fake.=5", "sets nothing"),
        ("faker.level=5", "--set faker.level: There is no runtime called 'faker'; did you mean 'fake'"),
        ("fake.volume=5", "--set fake.volume: fake has no option 'volume'; it has graph"),
        ("fake.level=6", "--set fake.level=6: give a whole number from 0 to 5."),
        ("fake.graph=perhaps", "--set fake.graph=perhaps: give on or off."),
        ("openvino.level=1", "openvino has no option 'level'; it has none."),
    ],
)
def test_what_cannot_be_set_is_told_in_a_sentence(word, told):
    with pytest.raises(BadInput, match=r"[.?]$") as caught:
        knobs_of([word])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_option_set_twice_is_refused():
    with pytest.raises(BadInput, match=r"sets fake\.level twice"):
        knobs_of(["fake.level=5", "fake.level=4"])


def test_an_option_without_effect_is_refused():
    assert check_knobs({"fake": {"level": 5, "graph": True}}, ["fake"], "cuda") is None
    with pytest.raises(
        BadInput, match=r"fake\.level changes nothing: fake is not measured; add --runtime fake"
    ):
        check_knobs({"fake": {"level": 5}}, ["onnxruntime"], "cpu")
    with pytest.raises(
        BadInput, match=r"fake\.graph changes nothing on --device cpu; it is for --device cuda"
    ):
        check_knobs({"fake": {"graph": True}}, ["fake"], "cpu")


def test_a_sentence_begins_with_what_the_user_wrote():
    with pytest.raises(BadInput, match=r"^m@fake,set:level=9: fake\.level=9: give a whole number"):
        one_of_runtime("m@fake,set:level=9: ", "fake", "level", "9")


def test_what_a_cell_asks_of_its_runtime(cell):
    asked = cell(knobs="graph=on;level=5", device="cuda", threads=3, precision="tf32", spinning=False)
    assert session_options(asked) == SessionOptions("cuda", 3, "tf32", False, {"graph": True, "level": 5})
    assert session_options(cell()).knobs == {}
    with pytest.raises(BadInput, match="has no option 'gone'"):
        session_options(cell(knobs="gone=1"))
