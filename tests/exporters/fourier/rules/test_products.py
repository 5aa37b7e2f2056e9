import numpy as np
import pytest
import torch

from exporters.fourier.rules import products, rules
from exporters.fourier.values import pair

aten = torch.ops.aten
rng = np.random.default_rng(0)


def z(*shape):
    return torch.from_numpy(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


IMAGE, KERNEL = z(2, 4, 5, 5), z(6, 2, 3, 3)
CONVOLUTION = ([1, 1], [1, 1], [1, 1], False, [0, 0], 2)
EXAMPLES = [
    (aten.mm.default, z(3, 4), z(4, 5)),
    (aten.bmm.default, z(2, 3, 4), z(2, 4, 5)),
    (aten.matmul.default, z(2, 3, 4), z(4, 5)),
    (aten.mv.default, z(3, 4), z(4)),
    (aten.dot.default, z(4), z(4)),
    (aten.addmm.default, z(5), z(3, 4), z(4, 5)),
    (aten.baddbmm.default, z(2, 3, 5), z(2, 3, 4), z(2, 4, 5)),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: str(item[0]))
def test_the_parts_are_those_of_the_result(same, example):
    same(*example)


def test_the_factors_of_a_sum_are_kept(same):
    same(aten.addmm.default, z(3, 5), z(3, 4), z(4, 5), beta=2, alpha=0.5)


@pytest.mark.parametrize("real_first", [False, True])
def test_a_real_operand_takes_two_products(error, whole, real_first):
    a, b = z(3, 4), z(4, 5)
    given = [pair(a.real, a.imag), b.real] if real_first is False else [a.real, pair(b.real, b.imag)]
    expected = a @ b.real.to(b.dtype) if real_first is False else a.real.to(a.dtype) @ b
    calls = []

    def counted(*both):
        calls.append(both)
        return torch.mm(*both)

    assert error(whole(products.bilinear(counted, *given)), expected) <= 1e-12
    assert len(calls) == 2


@pytest.mark.parametrize("bias", [z(6), z(6).real, None], ids=["complex", "real", "none"])
def test_a_convolution_with_a_bias(context, error, whole, bias):
    given = [value if value is None else whole_or_pair(value) for value in (IMAGE, KERNEL, bias)]
    rule = rules()["aten.convolution"]
    made = rule.apply(context, aten.convolution.default, *given, *CONVOLUTION)
    expected = torch.nn.functional.conv2d(
        IMAGE, KERNEL, bias if bias is None else bias.to(IMAGE.dtype), 1, 1, 1, 2
    )
    assert error(whole(made), expected) <= 1e-12


def whole_or_pair(value):
    return pair(value.real, value.imag) if value.is_complex() else value


def test_every_rule_here_has_an_example():
    shown = {str(item[0].overloadpacket) for item in EXAMPLES}
    assert {rule.name for rule in products.RULES} == shown | {"aten.convolution"}
