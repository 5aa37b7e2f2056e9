import numpy as np
import pytest
import torch

from exporters.fourier.rules import arithmetic, rules
from exporters.fourier.values import Filtered, Known, Spectrum, pair

aten = torch.ops.aten
rng = np.random.default_rng(0)
A = torch.from_numpy(rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4)))
B = A.flip(0) + 2
R = torch.from_numpy(rng.standard_normal((2, 1, 4)))

EXAMPLES = [
    *(
        (operator, *both)
        for operator in (aten.mul.Tensor, aten.div.Tensor)
        for both in ((A, B), (A, R), (R, B))
    ),
    (aten.mul.Tensor, A, 2.5),
    (aten.mul.Tensor, A, 2j),
    (aten.mul.Tensor, A, 1 - 2j),
    (aten.mul.Tensor, R, 1 - 2j),
    (aten.div.Tensor, A, 2),
    (aten.div.Tensor, A, 3 - 4j),
    *(
        (operator, *both)
        for operator in (aten.add.Tensor, aten.sub.Tensor, aten.rsub.Tensor)
        for both in ((A, B), (A, R), (R, B))
    ),
    *((operator, A, x) for operator in (aten.add.Tensor, aten.sub.Tensor) for x in (2.0, 1j, 1 - 1j)),
    (aten.rsub.Scalar, A, 2.0),
    (aten.abs.default, A),
    (aten.angle.default, A),
    (aten.sgn.default, torch.cat([A, torch.zeros(1, 4)])),
    (aten.linalg_vector_norm.default, A, 2, [1], True),
    (aten.linalg_vector_norm.default, A, 1),
    (aten.var.correction, A, [1]),
    *((aten.pow.Tensor_Scalar, A, exponent) for exponent in (1, 2, 3, -1, -2, 0.5, 2.5)),
    (aten.exp.default, A),
    (aten.reciprocal.default, A),
    (aten._conj.default, A),
    (aten._conj_physical.default, A),
    (aten.conj_physical.default, A),
    (aten.resolve_conj.default, A),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: str(item[0]))
def test_the_parts_are_those_of_the_result(same, example):
    same(*example)


@pytest.mark.parametrize("operator", [aten.add.Tensor, aten.sub.Tensor, aten.rsub.Tensor])
@pytest.mark.parametrize("both", [(A, B), (A, R), (R, B)], ids=["complex", "real second", "real first"])
def test_a_factor_goes_with_the_second(same, operator, both):
    same(operator, *both, alpha=3)


def test_every_rule_here_has_an_example():
    assert {rule.name for rule in arithmetic.RULES} == {str(item[0].overloadpacket) for item in EXAMPLES}


class TestFilters:
    """A product of a real signal's spectrum and what is known stays a filter."""

    @pytest.fixture
    def spectrum(self):
        x = torch.from_numpy(rng.standard_normal((2, 3, 8, 5)))
        z = torch.fft.rfft(x, dim=2)
        return Spectrum(x, 2, 1.0, False, lambda: (z.real, z.imag))

    def known(self, context, *shape):
        value = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        return Known(value, f"known{shape}", torch.float64, context)

    def apply(self, context, name, *args):
        return rules()[f"aten.{name}"].apply(context, getattr(aten, name).Tensor, *args)

    @pytest.mark.parametrize("swapped", [False, True])
    def test_by_a_known_factor(self, context, spectrum, error, whole, swapped):
        known = self.known(context, 3, 5, 1)
        made = self.apply(context, "mul", *((known, spectrum) if swapped else (spectrum, known)))
        assert isinstance(made, Filtered)
        assert made.transfer.shape == (1, 3, 5, 1)
        assert error(whole(made), whole(spectrum) * whole(known)) <= 1e-12

    def test_twice_and_by_numbers(self, context, spectrum, error, whole):
        first, second = self.known(context, 3, 1, 1), self.known(context, 1, 1, 5, 1)
        made = self.apply(context, "div", self.apply(context, "mul", spectrum, first), second)
        made = self.apply(context, "mul", made, 2j)
        assert isinstance(made, Filtered)
        expected = whole(spectrum) * whole(first) / whole(second) * 2j
        assert error(whole(made), expected) <= 1e-12
        assert np.allclose(made.transfer, (first.value / second.value * 2j))

    @pytest.mark.parametrize("shape", [(3, 5, 5), (2, 3, 5, 1), (1, 2, 3, 5, 1)], ids=str)
    def test_by_what_varies_otherwise_it_is_a_product(self, context, spectrum, error, whole, shape):
        known = self.known(context, *shape)
        made = self.apply(context, "mul", spectrum, known)
        assert not isinstance(made, Filtered)
        assert error(whole(made), whole(spectrum) * whole(known)) <= 1e-12

    def test_by_what_the_input_decides_it_is_a_product(self, context, spectrum):
        assert not isinstance(self.apply(context, "mul", spectrum, pair(*spectrum.parts)), Filtered)
