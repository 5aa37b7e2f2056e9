"""From real to complex tensors and back."""

from typing import TYPE_CHECKING, Any

from exporters.fourier.rules.base import Apply, Rule, parts, promoted, real_dtype
from exporters.fourier.values import Complex, Context, RealView, pair

if TYPE_CHECKING:
    import torch


def _view_as_complex(_: Context, __: Apply, value: Any) -> Complex:
    if isinstance(value, RealView):
        return value.of
    return pair(value.select(-1, 0), value.select(-1, 1))


def _select(_: Context, operator: Apply, value: Any, dim: int, index: int) -> Any:
    if isinstance(value, RealView):
        rank = len(value.of.shape) + 1
        if dim % rank == rank - 1:
            return value.of.imag if index % 2 else value.of.real
        return operator(value.tensor, dim, index)
    return pair(*(operator(part, dim, index) for part in value.parts))


def _negative(z: Complex) -> Complex:
    return Complex(z.shape, lambda: (-z.real, -z.imag))


def _to_copy(
    _: Context, operator: Apply, value: Any, *, dtype: "torch.dtype | None" = None, **kwargs: Any
) -> Any:
    kwargs.pop("memory_format", None)
    if dtype is None:
        return value
    re, im = promoted(value)
    cast = real_dtype(dtype)
    made = operator(re, dtype=cast, **kwargs)
    return pair(made, operator(im, dtype=cast, **kwargs)) if dtype.is_complex else made


def _new(
    _: Context,
    operator: Apply,
    value: Any,
    *args: Any,
    dtype: "torch.dtype | None" = None,
    **kwargs: Any,
) -> Any:
    """Return a tensor of one value, in the shape of `value` or in another."""
    import torch

    re, im = parts(value)
    zero = torch.ops.aten.zeros_like if operator.__name__.split(".")[0].endswith("_like") else None
    numbers = [argument for argument in args if isinstance(argument, complex)]
    if dtype is None:
        dtype = re.dtype.to_complex() if im is not None else re.dtype
    plain = [parts(argument)[0] for argument in args]
    made = operator(re, *plain, dtype=real_dtype(dtype), **kwargs)
    if not dtype.is_complex:
        return made
    height = numbers[0].imag if numbers else 0.0
    empty = zero(made) if zero else made.new_zeros(made.shape)
    return pair(made, empty + height if height else empty)


NEW = ("zeros_like", "empty_like", "ones_like", "full_like", "new_zeros", "new_empty", "new_ones", "new_full")

RULES = (
    Rule("aten.view_as_real", lambda _, __, z: RealView(z)),
    Rule("aten.view_as_complex", _view_as_complex),
    Rule("aten.select", _select),
    Rule("aten._neg_view", lambda _, __, view: RealView(_negative(view.of))),
    Rule("aten.real", lambda _, __, z: z.real),
    Rule("aten.imag", lambda _, __, z: z.imag),
    Rule("aten.complex", lambda _, __, re, im: pair(re, im)),
    Rule("aten.polar", lambda _, __, size, angle: pair(size * angle.cos(), size * angle.sin())),
    Rule("aten._to_copy", _to_copy),
    *(Rule(f"aten.{name}", _new) for name in NEW),
)
