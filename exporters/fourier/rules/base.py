"""What a rule is, and what rules share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.fourier.values import Complex, Known, pair

if TYPE_CHECKING:
    import torch

Apply = Callable[..., Any]


@dataclass(frozen=True)
class Rule:
    """How the operator `name` is applied where an operand or its result is complex.

    `apply(context, operator, *args, **kwargs)` takes the operator's own arguments and returns a `Complex`, a
    real tensor, or a list of them. A `Known` that is real is given as its tensor, unless `keeps` is set.
    """

    name: str
    apply: Apply
    keeps: bool = False


def parts(value: Any) -> tuple[Any, Any]:
    """Return the real and the imaginary part of a tensor or number; None for one that is real."""
    if isinstance(value, Known) and not value.complex:
        return value.tensor, None
    if isinstance(value, Complex):
        return value.parts
    if isinstance(value, complex):
        return value.real, value.imag or None
    return value, None


def promoted(value: Any) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return the parts of a tensor, the imaginary one zeros where it is real; of a number, two numbers."""
    re, im = parts(value)
    if im is None:
        im = re.new_zeros(re.shape) if hasattr(re, "new_zeros") else 0.0
    return re, im


def real_dtype(dtype: "torch.dtype") -> "torch.dtype":
    """Return the type of the parts of a complex type; a real type as it is."""
    return dtype.to_real() if dtype.is_complex else dtype


def paired(re: "torch.Tensor", im: "torch.Tensor") -> Complex:
    """Return re + i im of parts that may still have to be broadcast to one shape."""
    if re.shape != im.shape:
        shape = np.broadcast_shapes(re.shape, im.shape)
        re, im = re.expand(shape), im.expand(shape)
    return pair(re, im)


def on_each(operator: Apply, value: Complex, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Return the operator applied to each part; for several results, a list of complex tensors."""
    kwargs = {name: value for name, value in kwargs.items() if name != "dtype"}
    re, im = (operator(part, *args, **kwargs) for part in value.parts)
    return (
        [pair(*both) for both in zip(re, im, strict=True)] if isinstance(re, list | tuple) else pair(re, im)
    )
