"""Products that are linear in each operand: matrices and convolutions."""

from typing import Any

from exporters.fourier.rules.arithmetic import product, total
from exporters.fourier.rules.base import Apply, Rule, parts
from exporters.fourier.values import Complex, Context, pair

PRODUCTS = ("mm", "bmm", "matmul", "mv", "dot")


def bilinear(operator: Apply, a: Any, b: Any, *args: Any) -> Complex:
    """Return the product of a and b by `operator`, which is linear in both."""
    (ar, ai), (br, bi) = parts(a), parts(b)
    if bi is None:
        return pair(operator(ar, br, *args), operator(ai, br, *args))
    if ai is None:
        return pair(operator(ar, br, *args), operator(ar, bi, *args))
    re = operator(ar, br, *args) - operator(ai, bi, *args)
    return pair(re, operator(ar, bi, *args) + operator(ai, br, *args))


def _product(_: Context, operator: Apply, a: Any, b: Any) -> Complex:
    return bilinear(operator, a, b)


def _added(operator: str) -> Apply:
    def apply(
        _: Context, __: Apply, added: Any, a: Any, b: Any, *, beta: float = 1, alpha: float = 1
    ) -> Complex:
        import torch

        y = bilinear(getattr(torch, operator), a, b)
        return total(y if alpha == 1 else product(y, alpha), added, beta)

    return apply


def _convolution(_: Context, operator: Apply, x: Any, weight: Any, bias: Any, *args: Any) -> Complex:
    y = bilinear(lambda a, b: operator(a, b, None, *args), x, weight)
    if bias is None:
        return y
    re, im = parts(bias)
    shape = (-1, *[1] * (y.real.ndim - 2))
    return total(y, re.reshape(shape) if im is None else pair(re.reshape(shape), im.reshape(shape)))


RULES = (
    *(Rule(f"aten.{name}", _product) for name in PRODUCTS),
    Rule("aten.addmm", _added("mm")),
    Rule("aten.baddbmm", _added("bmm")),
    Rule("aten.convolution", _convolution),
)
