import pytest

from latbench.errors import BadInput
from latbench.pipeline.own.factoryname import is_factory, parse


@pytest.mark.parametrize(
    ("text", "module", "attribute"),
    [
        ("a.b:make", "a.b", "make"),
        ("d/own.py:Net.small", "d/own.py", "Net.small"),
        ("../own.py:f", "../own.py", "f"),
    ],
)
def test_a_place_is_a_module_or_a_file(text, module, attribute):
    found = parse(text)
    assert (found.module, found.attribute, found.args, found.kwargs) == (module, attribute, (), {})
    assert found.is_file == module.endswith(".py")


@pytest.mark.parametrize(
    ("arguments", "args", "kwargs"),
    [
        ("", (), {}),
        ("3, 'a, b=c'", (3, "a, b=c"), {}),
        ("depth=3,name=tiny", (), {"depth": 3, "name": "tiny"}),
        ("rate=-1e-3, big = True, other=None", (), {"rate": -1e-3, "big": True, "other": None}),
        (
            "sizes=[1,2],pair=(1,a),table={'k':v-1}",
            (),
            {"sizes": [1, 2], "pair": (1, "a"), "table": {"k": "v-1"}},
        ),
        ("weights=runs/a.b/best.pt,name=tiny-224", (), {"weights": "runs/a.b/best.pt", "name": "tiny-224"}),
    ],
)
def test_arguments_are_literals_and_plain_words_are_text(arguments, args, kwargs):
    found = parse(f"a:make({arguments})")
    assert (found.args, dict(found.kwargs)) == (args, kwargs)


@pytest.mark.parametrize("text", ["a:", ":b", "a b:c", "a:b:c", "1:2", "a:make(x=1", "a:make)x("])
def test_what_is_no_factory_is_refused(text):
    with pytest.raises(BadInput, match=r"write package\.module:factory or path/to/file\.py:factory"):
        parse(text)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("x=3x3", "cannot be read; write numbers"),
        ("x=1)+f(2", "cannot be read"),
        ("x=1,x=2", "gives x twice"),
        ("**x", "without a name"),
        ("x=1+y", "1 + y is no literal"),
        ("x=__import__('os')", "is no literal"),
    ],
)
def test_arguments_that_are_no_literals_are_refused(arguments, told):
    with pytest.raises(BadInput) as caught:
        parse(f"a:make({arguments})")
    assert told in str(caught.value)


def test_a_colon_tells_a_factory_where_it_is_not_in_the_arguments():
    assert is_factory("a:b(x=1)")
    assert not is_factory("efficientmod_s")
    assert not is_factory("m.onnx(a:b)")
