import json
import re

from hypothesis import given
from hypothesis import strategies as st

from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.wish import Wish, lowering

WISHES = st.builds(
    Wish,
    kind=st.sampled_from(["zoo", "factory"]),
    name=st.sampled_from(
        ["efficientmod_s", "a.b:make", "a_b:make", "a:make(x=(1,2))", "a:make(x=[1,2])", "d/a:make"]
    ),
    resolution=st.none() | st.integers(32, 512),
    opset=st.integers(18, 24),
    target=st.sampled_from(["portable", "openvino"]),
    forms=st.dictionaries(
        st.sampled_from(["expand", "layout"]), st.sampled_from(["repeat", "channels_first"])
    ),
    threads=st.none() | st.integers(1, 64),
    inputs=st.sampled_from([NONE, Inputs(shape=("1x2",)), Inputs(shape=("1x2",), values=("0:9",))]),
)


@given(WISHES)
def test_a_wish_survives_the_way_to_another_process(wish):
    assert Wish.from_json(json.loads(json.dumps(wish.to_json()))) == wish


@given(WISHES, WISHES)
def test_different_wishes_have_different_files(one, other):
    same = {**one.to_json(), "kind": ""} == {**other.to_json(), "kind": ""}
    assert (one.stem == other.stem) == same


def test_a_stem_is_a_plain_file_name():
    stem = Wish(kind="factory", name="../a b:make", forms={"expand": "repeat"}).stem
    assert re.fullmatch("a.b.make-[0-9a-f]{8}-portable-opset20-expand_repeat", stem)
    assert len(Wish(kind="factory", name=f"a:make(words={'x' * 500!r})").stem) < 120
    assert Wish(kind="factory", name="a.b:make").stem == "a.b.make-portable-opset20"


def test_an_eager_module_has_no_opset():
    assert Wish(kind="zoo", name="m", target="eager").stem == "m-eager"


def test_the_lowering_is_sorted_and_unknown_without_forms():
    assert lowering({"layout": "a", "expand": "b"}) == "expand=b;layout=a"
    assert lowering({}) is None


def test_the_provenance_holds_what_shapes_the_graph():
    wish = Wish(kind="zoo", name="m", resolution=64, forms={"expand": "repeat"})
    assert wish.provenance == {"model": "m", "seed": "0", "resolution": "64", "forms": "expand=repeat"}


def test_threads_that_auto_chose_for_are_in_name_and_provenance():
    wish = Wish(kind="zoo", name="m", forms={"parc": "auto"}, threads=4)
    assert wish.stem == "m-portable-opset20-parc_auto-threads4"
    assert wish.provenance["threads"] == "4"


def test_inputs_asked_for_are_part_of_the_origin():
    wish = Wish(kind="factory", name="a:b", inputs=Inputs(shape=("1x2",)))
    assert wish.provenance["inputs"] == "--shape 1x2"
    assert "inputs" not in Wish(kind="factory", name="a:b").provenance
