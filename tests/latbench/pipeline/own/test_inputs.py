import json

import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Input, Inputs, Shape, generate, shapes_text


def test_words_are_read_and_travel_between_processes():
    asked = Inputs(shape=("ids=1x128:int64", "1x3x8x8"), pin=("batch=2",), values=("ids=0:30522", "-1:1"))
    assert asked.shapes == (Shape("ids", (1, 128), "int64"), Shape(None, (1, 3, 8, 8), None))
    assert asked.pins == {"batch": 2}
    assert asked.ranges == {"ids": (0, 30522), None: (-1, 1)}
    assert Inputs.from_json(json.loads(json.dumps(asked.to_json()))) == asked
    assert asked.text == (
        "--shape ids=1x128:int64 --shape 1x3x8x8 --pin batch=2 --range ids=0:30522 --range -1:1"
    )
    assert (bool(NONE), NONE.text, bool(asked)) == (False, None, True)


def test_a_name_may_hold_any_sign():
    assert Inputs(shape=("a=b/c:0=2x3",)).shapes == (Shape("a=b/c:0", (2, 3), None),)
    assert Inputs(shape=("step=()",)).shapes == (Shape("step", (), None),)


@pytest.mark.parametrize(
    ("option", "word", "told"),
    [
        ("shape", "x=1,3", "--shape 'x=1,3' cannot be read; write NAME=1x3x224x224"),
        ("shape", "x=1x0", "has an axis of size 0"),
        ("shape", "x=1x2:bfloat16", "there is no type bfloat16; use one of: float32"),
        ("pin", "batch", "--pin 'batch' cannot be read; write AXIS=SIZE"),
        ("pin", "batch=0", "cannot be read"),
        ("values", "ids=5", "--range 'ids=5' cannot be read; write NAME=LOW:HIGH"),
        ("values", "ids=a:b", "cannot be read"),
        ("values", "ids=0:inf", "cannot be read"),
        ("values", "ids=3:3", "is empty; LOW must lie below HIGH"),
    ],
)
def test_a_word_that_cannot_be_read_is_one_sentence(option, word, told):
    with pytest.raises(BadInput) as caught:
        Inputs(**{option: (word,)})
    assert told in str(caught.value)


def test_nothing_is_set_twice():
    with pytest.raises(BadInput, match="--pin sets batch twice"):
        Inputs(pin=("batch=1", "batch=2"))
    with pytest.raises(BadInput, match="--shape sets x twice"):
        Inputs(shape=("x=1", "x=2"))


def test_values_depend_on_the_seed_alone():
    inputs = (Input("x", (2, 3), np.float32), Input("n", (40,), np.int64))
    one, same, other = generate(inputs, 0), generate(inputs, 0), generate(inputs, 1)
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["x"], other["x"])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int8, np.uint8, np.uint64, np.bool_])
def test_whole_numbers_are_a_mixture_of_0_and_1(dtype):
    made = generate((Input("n", (3, 4), dtype), Input("one", (), dtype)), 0)
    assert made["n"].dtype == dtype
    assert (made["n"] == 1).sum() == 6
    assert set(np.unique(made["n"])) == {0, 1}
    assert (made["one"].shape, made["one"]) == ((), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_floats_are_normal_or_uniform_in_their_range(dtype):
    known = (Input("x", (1000,), dtype),)
    assert abs(generate(known, 0)["x"].astype(float).std() - 1) < 0.1
    made = generate(known, 0, Inputs(values=("x=2:3",)))["x"]
    assert made.dtype == dtype
    assert 2 <= made.min() < 2.1
    assert 2.9 < made.max() <= 3


def test_a_range_holds_for_the_input_it_names_or_for_all():
    known = (Input("ids", (500,), np.int64), Input("x", (5,), np.float32))
    made = generate(known, 0, Inputs(values=("ids=10:20",)))
    assert (made["ids"].min(), made["ids"].max()) == (10, 19)
    assert generate(known, 0, Inputs(values=("5:6",)))["ids"].tolist() == [5] * 500


@pytest.mark.parametrize("word", ["n=0:300", "n=-200:0", "n=0.5:3"])
def test_a_range_that_the_type_cannot_hold_is_refused(word):
    with pytest.raises(BadInput, match="does not suit an input of int8; use whole numbers from -128 to 127"):
        generate((Input("n", (4,), np.int8),), 0, Inputs(values=(word,)))


def test_shapes_read_as_products():
    assert shapes_text([(1, 3, 224, 224)]) == "1x3x224x224"
    assert shapes_text([(1, 8), (2,), ()]) == "1x8;2;()"
