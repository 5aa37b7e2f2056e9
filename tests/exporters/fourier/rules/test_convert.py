import numpy as np
import pytest
import torch

from exporters.fourier.rules import convert, rules
from exporters.fourier.values import RealView, pair

aten = torch.ops.aten
rng = np.random.default_rng(0)
Z = torch.from_numpy(rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4)))
R = Z.real.contiguous()
NARROW = torch.complex64

EXAMPLES = [
    (aten.view_as_real.default, Z),
    (aten.view_as_complex.default, torch.view_as_real(Z)),
    (aten.select.int, Z, 1, -1),
    (aten.real.default, Z),
    (aten.imag.default, Z),
    (aten.complex.default, R, 2 * R),
    (aten.polar.default, R.abs(), R),
    (aten.zeros_like.default, Z),
    (aten.ones_like.default, Z),
    (aten.full_like.default, Z, 2.0),
    (aten.full_like.default, Z, 2 - 3j),
    (aten.new_zeros.default, Z, [2, 5]),
    (aten.new_ones.default, Z, [2, 5]),
    (aten.new_full.default, Z, [2, 5], 1j),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: str(item[0]))
def test_the_parts_are_those_of_the_result(same, example):
    same(*example)


@pytest.mark.parametrize(
    ("value", "dtype"), [(Z, torch.float64), (R, torch.complex128), (Z, torch.complex128)]
)
def test_a_change_of_type(same, value, dtype):
    same(aten._to_copy.default, value, dtype=dtype)


def test_a_change_of_precision(context):
    made = rules()["aten._to_copy"].apply(context, aten._to_copy.default, pair(R, R), dtype=NARROW)
    assert made.real.dtype == made.imag.dtype == torch.float32
    assert (made.real == R.float()).all()


def test_a_complex_tensor_of_a_real_one_by_type(same):
    same(aten.new_zeros.default, R, [2], dtype=torch.complex128)
    same(aten.zeros_like.default, Z, dtype=torch.float64)


@pytest.mark.parametrize("name", ["empty_like", "new_empty"])
def test_an_empty_tensor_has_a_shape_and_both_parts(context, name):
    size = [[3, 4]] if name == "new_empty" else []
    made = rules()[f"aten.{name}"].apply(context, getattr(aten, name).default, pair(R, R), *size)
    assert made.real.shape == made.imag.shape == (3, 4)


class TestViews:
    """What view_as_real gives is made only where both parts are read at once."""

    def apply(self, context, name, *args):
        operator = getattr(aten, name)
        return rules()[f"aten.{name}"].apply(context, getattr(operator, operator.overloads()[0]), *args)

    @pytest.fixture
    def view(self):
        return RealView(pair(R, 2 * R))

    def test_one_part_is_read_alone(self, context, view):
        assert self.apply(context, "select", view, -1, 0) is view.of.real
        assert self.apply(context, "select", view, 2, 1) is view.of.imag
        assert self.apply(context, "select", view, -1, -1) is view.of.imag

    def test_another_axis_makes_it(self, context, view):
        assert (self.apply(context, "select", view, 0, 1) == view.tensor[1]).all()

    def test_it_is_its_complex_tensor_again(self, context, view):
        assert self.apply(context, "view_as_complex", view) is view.of

    def test_its_negative_is_a_view(self, context, view):
        made = self.apply(context, "_neg_view", view)
        assert (made.tensor == -view.tensor).all()


def test_every_rule_here_has_an_example():
    elsewhere = {"aten._to_copy", "aten._neg_view", "aten.empty_like", "aten.new_empty"}
    shown = {str(item[0].overloadpacket) for item in EXAMPLES}
    assert {rule.name for rule in convert.RULES} == shown | elsewhere
