import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

C, R, SIDE = 16, 3, 4
WIDE = C * R
X = {"x": (1, 8, SIDE, SIDE), "c": (1, C, SIDE, SIDE)}
Y = {"y": (1, 8, SIDE, SIDE)}
INNER = "a = Conv(x, w, b) u = Gelu(a)"
GROUPS = f"{INNER} s = Reshape(u, split)"
CONTEXT = "k = Unsqueeze(c, one)"
MERGE = "j = Reshape(m, flat) y = Conv(j, v, h)"
PRODUCT = f"{GROUPS} {CONTEXT} m = Mul(s, k) {MERGE}"


def constants(weights, channels=C, groups=R, batch=1):
    wide = channels * groups
    return {
        "w": weights(wide, 8, 1, 1),
        "b": weights(wide, seed=1),
        "v": weights(8, wide, 1, 1, seed=2),
        "h": weights(8, seed=3),
        "split": np.array([batch, groups, channels, SIDE, SIDE]),
        "flat": np.array([batch, wide, SIDE, SIDE]),
        "narrow": np.array([batch, 1, channels, SIDE, SIDE]),
        "one": np.array([1]),
    }


@pytest.mark.parametrize("op", ["Mul", "Add"])
@pytest.mark.parametrize("operands", ["s, k", "k, s"])
def test_splits_into_one_chain_for_each_group(tiny, rewritten, weights, op, operands):
    body = PRODUCT.replace("Mul(s, k)", f"{op}({operands})")
    done = rewritten(tiny(body, X, Y, constants(weights)), "split_groups")
    assert done.count == 1
    chains = {"Conv": 2 * R, "Gelu": R}
    sums = {"Add": R - 1 + R} if op == "Add" else {"Add": R - 1, "Mul": R}
    assert done.ops == dict(sorted((chains | sums).items()))


def test_keeps_the_form_of_the_unary(tiny, rewritten, weights):
    body = PRODUCT.replace("Gelu(a)", 'Gelu<approximate="tanh">(a)')
    done = rewritten(tiny(body, X, Y, constants(weights)), "split_groups")
    assert {attribute.s for node in done.nodes("Gelu") for attribute in node.attribute} == {b"tanh"}


@pytest.mark.parametrize(
    "body",
    [
        PRODUCT.replace("u = Gelu(a)", "").replace("Reshape(u", "Reshape(a"),
        PRODUCT.replace("Unsqueeze(c, one)", "Reshape(c, narrow)"),
        PRODUCT.replace("x, w, b", "x, w").replace("j, v, h", "j, v"),
    ],
    ids=["no unary", "the context is reshaped", "no biases"],
)
def test_splits_other_spellings(tiny, rewritten, weights, body):
    assert rewritten(tiny(body, X, Y, constants(weights)), "split_groups").count == 1


@pytest.mark.parametrize("operands", ["y, x", "x, y"])
def test_a_residual_joins_the_sum(tiny, rewritten, weights, operands):
    done = rewritten(
        tiny(f"{PRODUCT} z = Add({operands})", X, {"z": Y["y"]}, constants(weights)), "split_groups"
    )
    assert done.count == 1
    assert done.ops["Add"] == R


def test_a_sum_that_broadcasts_is_no_residual(tiny, rewritten, weights):
    model = tiny(f"{PRODUCT} z = Add(y, q)", X, {"z": (2, *Y["y"][1:])}, constants(weights) | {
        "q": weights(2, 1, 1, 1, seed=7)
    })  # fmt: skip
    assert rewritten(model, "split_groups").count == 1


def test_two_blocks_in_a_row_of_which_one_gives_the_other_its_context(tiny, rewritten, weights):
    body = (
        f"{PRODUCT} r = Add(y, x) a2 = Conv(r, w, b) s2 = Reshape(a2, split) "
        "d = Conv(r, e) k2 = Unsqueeze(d, one) m2 = Mul(s2, k2) j2 = Reshape(m2, flat) z = Conv(j2, v, h)"
    )
    model = tiny(body, X, {"z": Y["y"]}, constants(weights) | {"e": weights(C, 8, 1, 1, seed=6)})
    assert rewritten(model, "split_groups").count == 2


def test_a_context_that_is_the_sum_of_the_block_before(tiny, rewritten, weights):
    channels = 8 * 2
    body = (
        "a = Conv(c, w, b) s = Reshape(a, split) k = Unsqueeze(c, one) m = Mul(s, k) j = Reshape(m, flat) "
        "y = Conv(j, v, h) r = Add(y, c) a2 = Conv(r, w, b) s2 = Reshape(a2, split) "
        "k2 = Unsqueeze(r, one) m2 = Mul(s2, k2) j2 = Reshape(m2, flat) z = Conv(j2, v, h)"
    )
    own = constants(weights) | {
        "w": weights(WIDE, channels, 1, 1),
        "v": weights(channels, WIDE, 1, 1, seed=2),
        "h": weights(channels, seed=3),
    }
    done = rewritten(tiny(body, {"c": X["c"]}, {"z": X["c"]}, own), "split_groups")
    assert done.count == 2
    assert done.ops == {"Add": 2 * (R - 1) + 1, "Conv": 4 * R, "Mul": 2 * R}


REFUSED = {
    "the product is read twice": f"{GROUPS} {CONTEXT} m = Mul(s, k) j = Reshape(m, flat) p = Conv(j, v, h) "
    "q = ReduceMax<keepdims=0>(m) y = Add(p, q)",
    "the values are read twice": f"{GROUPS} {CONTEXT} m = Mul(s, k) j = Reshape(m, flat) p = Conv(j, v, h) "
    "q = ReduceMax<keepdims=0>(u) y = Add(p, q)",
    "the first result is read twice": f"{GROUPS} {CONTEXT} m = Mul(s, k) j = Reshape(m, flat) "
    "p = Conv(j, v, h) "
    "q = ReduceMax<keepdims=0>(a) y = Add(p, q)",
    "the operation is another": PRODUCT.replace("Mul(", "Sub("),
    "the unary is another": PRODUCT.replace("Gelu(", "Softplus("),
    "the inner weight is computed": PRODUCT.replace("a = Conv(x, w", "l = Exp(w) a = Conv(x, l"),
    "the outer weight is computed": PRODUCT.replace("y = Conv(j, v", "l = Exp(v) y = Conv(j, l"),
    "the outer bias is computed": PRODUCT.replace("y = Conv(j, v, h", "l = Exp(h) y = Conv(j, v, l"),
    "the context is not widened": PRODUCT.replace(f"{CONTEXT} ", "").replace("(s, k)", "(s, k0)"),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_leaves_alone_where(tiny, rewritten, weights, body):
    inputs = X | ({"k0": (1, 1, C, SIDE, SIDE)} if "k0" in body else {})
    assert rewritten(tiny(body, inputs, Y, constants(weights)), "split_groups").count == 0


@pytest.mark.parametrize(
    ("output", "shape"),
    [("m", (1, R, C, SIDE, SIDE)), ("j", (1, WIDE, SIDE, SIDE)), ("u", (1, WIDE, SIDE, SIDE))],
)
def test_leaves_what_is_a_graph_output_alone(tiny, rewritten, weights, output, shape):
    model = tiny(PRODUCT, X, {**Y, output: shape}, constants(weights))
    assert rewritten(model, "split_groups").count == 0


@pytest.mark.parametrize("layer", ["a = Conv<group=2>(x, w", "y = Conv<group=2>(j, v"])
def test_leaves_grouped_layers_alone(tiny, rewritten, weights, layer):
    own = constants(weights)
    own |= {"w": weights(WIDE, 4, 1, 1)} if "x" in layer else {"v": weights(8, WIDE // 2, 1, 1)}
    model = tiny(PRODUCT.replace(layer.replace("<group=2>", ""), layer), X, Y, own)
    assert rewritten(model, "split_groups").count == 0


def test_leaves_values_of_another_image_shape_alone(tiny, rewritten, weights):
    inputs = {**X, "x": (1, 8, 2, 8)}
    assert rewritten(tiny(PRODUCT, inputs, Y, constants(weights)), "split_groups").count == 0


def test_leaves_a_context_along_another_axis_alone(tiny, rewritten, weights):
    inputs = {**X, "c": (1, R, SIDE, SIDE)}
    own = constants(weights) | {"one": np.array([2])}
    assert rewritten(tiny(PRODUCT, inputs, Y, own), "split_groups").count == 0


@given(
    channels=st.sampled_from([1, 8, 15, 16, 31, 32, 48]),
    groups=st.integers(1, 4),
    batch=st.integers(1, 2),
    op=st.sampled_from(["Mul", "Add"]),
    seed=st.integers(0, 99),
)
def test_any_product_keeps_its_outputs(tiny, rewritten, weights, *, channels, groups, batch, op, seed):
    inputs = {"x": (batch, 8, SIDE, SIDE), "c": (batch, channels, SIDE, SIDE)}
    own = constants(weights, channels, groups, batch)
    model = tiny(PRODUCT.replace("Mul(", f"{op}("), inputs, {"y": (batch, 8, SIDE, SIDE)}, own)
    assert rewritten(model, "split_groups", seed).count == (channels in (16, 31, 32, 48))
