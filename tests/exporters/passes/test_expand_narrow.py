import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

FULL = (1, 2, 3, 4, 8)
NARROW = (1, 2, 3, 1, 8)


@pytest.mark.parametrize("op", ["Mul", "Add"])
@pytest.mark.parametrize("operands", ["x, c", "c, x"])
def test_expands_the_narrow_operand(tiny, rewritten, op, operands):
    model = tiny(f"y = {op}({operands})", {"x": FULL, "c": NARROW}, {"y": FULL})
    done = rewritten(model, "expand_narrow")
    assert done.count == 1
    assert done.ops == {"Expand": 1, op: 1}


def test_expands_each_broadcast_of_a_value(tiny, rewritten):
    model = tiny("a = Mul(x, c) y = Add(a, c)", {"x": FULL, "c": NARROW}, {"y": FULL})
    assert rewritten(model, "expand_narrow").ops == {"Add": 1, "Expand": 2, "Mul": 1}


REFUSED = {
    "shapes are equal": (FULL, FULL),
    "another axis broadcasts": (FULL, (1, 2, 1, 4, 8)),
    "two axes broadcast": (FULL, (1, 2, 1, 1, 8)),
    "the operand has fewer axes": (FULL, (8,)),
    "channels are many": ((1, 2, 3, 4, 65), (1, 2, 3, 1, 65)),
    "there is one group": ((1, 2, 3, 1, 8), (1, 2, 3, 1, 8)),
    "there are two axes": ((4, 8), (1, 8)),
}


@pytest.mark.parametrize(("full", "narrow"), REFUSED.values(), ids=REFUSED)
def test_leaves_alone_where(tiny, rewritten, full, narrow):
    model = tiny("y = Mul(x, c)", {"x": full, "c": narrow}, {"y": full})
    assert rewritten(model, "expand_narrow").count == 0


def test_leaves_two_operands_that_both_broadcast_alone(tiny, rewritten):
    model = tiny("y = Mul(x, c)", {"x": (1, 2, 1, 4, 8), "c": NARROW}, {"y": FULL})
    assert rewritten(model, "expand_narrow").count == 0


@given(
    leading=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    groups=st.integers(1, 4),
    channels=st.integers(1, 70),
    seed=st.integers(0, 99),
)
def test_any_broadcast_keeps_its_outputs(tiny, rewritten, *, leading, groups, channels, seed):
    full, narrow = (*leading, groups, channels), (*leading, 1, channels)
    constant = np.random.default_rng(seed).standard_normal(narrow).astype(np.float32)
    model = tiny("y = Mul(x, c)", {"x": full}, {"y": full}, {"c": constant})
    assert rewritten(model, "expand_narrow", seed).count == (channels <= 64 and groups > 1)
