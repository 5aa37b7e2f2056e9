import numpy as np
import onnx
import pytest

IMAGE = {"x": (2, 3, 4, 5)}
OUT = {"y": (2, 3, 5, 4)}
SWAP = "f = Reshape(r, flat) t = Transpose<perm=[0, 2, 1]>(f) s = Reshape(t, back) y = Exp(s)"


def constants(**others):
    return {"flat": np.array([6, 4, 5]), "back": np.array([2, 3, 5, 4]), **others}


def permutations(done):
    return [onnx.helper.get_attribute_value(node.attribute[0]) for node in done.nodes("Transpose")]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("r = Relu(x)", [[0, 1, 3, 2]]),
        (
            "u = Relu(x) v = Transpose<perm=[0, 1, 3, 2]>(u) r = Reshape(v, image)",
            [[0, 1, 3, 2], [0, 1, 3, 2]],
        ),
        ("r = Transpose<perm=[1, 0, 2, 3]>(x)", [[1, 0, 3, 2]]),
        ("u = Relu(x) r = Transpose<perm=[0, 1, 3, 2]>(u)", []),
        ("u = Relu(x) r = Transpose(u)", [[3, 2, 0, 1]]),
    ],
    ids=["alone", "after another shape", "after a transpose", "after its own inverse", "after a reversal"],
)
def test_a_stack_of_matrices_is_transposed_where_it_is(tiny, rewritten, before, left):
    shapes = {
        "r = Transpose<perm=[1, 0, 2, 3]>(x)": (3, 2, 4, 5),
        "u = Relu(x) r = Transpose<perm=[0, 1, 3, 2]>(u)": (2, 3, 5, 4),
        "u = Relu(x) r = Transpose(u)": (5, 4, 3, 2),
    }
    given = constants(image=np.array([2, 3, 4, 5]))
    done = rewritten(
        tiny(f"{before} {SWAP}", {"x": shapes.get(before, IMAGE["x"])}, OUT, given), "one_transpose"
    )
    assert done.count == 1
    assert permutations(done) == left


def test_what_something_else_reads_stays_for_it(tiny, rewritten):
    body = f"r = Transpose<perm=[0, 1, 3, 2]>(x) z = Exp(r) {SWAP}"
    outs = {"z": (2, 3, 4, 5), **OUT}
    done = rewritten(tiny(body, {"x": (2, 3, 5, 4)}, outs, constants()), "one_transpose")
    assert permutations(done) == [[0, 1, 3, 2], [0, 1, 3, 2]]
    assert "Reshape" not in done.ops


LEFT = {
    "another reader of the stack": f"r = Relu(x) {SWAP.replace('y =', 'e =')} g = Exp(f) "
    "h = Reshape(g, back) y = Add(e, h)",
    "the matrices are cut anew": "r = Relu(x) f = Reshape(r, wide) t = Transpose<perm=[0, 2, 1]>(f) "
    "s = Reshape(t, back) y = Exp(s)",
    "the shape behind is another": "r = Relu(x) f = Reshape(r, flat) t = Transpose<perm=[0, 2, 1]>(f) "
    "s = Reshape(t, other) v = Exp(s) y = Reshape(v, back)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, body):
    given = constants(wide=np.array([6, 5, 4]), other=np.array([3, 2, 5, 4]))
    assert rewritten(tiny(body, IMAGE, OUT, given), "one_transpose").count == 0
