"""What complex tensors are while a program is interpreted: pairs of real tensors, made when first read."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch

Parts = tuple["torch.Tensor", "torch.Tensor"]


class Context(Protocol):
    """What a rule may use besides its operands."""

    here: str
    """The name of the traced operator that is being interpreted."""

    def constant(self, name: str, dtype: "torch.dtype", make: Callable[[], np.ndarray]) -> "torch.Tensor":
        """Return the constant `name` of the module in `dtype`, made by `make` the first time."""
        ...


class Complex:
    """A complex tensor of a shape, whose real and imaginary parts are computed once something reads them."""

    def __init__(self, shape: tuple[int, ...], make: Callable[[], Parts]) -> None:
        self.shape, self._make = tuple(shape), make
        self._conjugate: Complex | None = None

    @property
    def conjugate(self) -> "Complex":
        """Its complex conjugate; that of a conjugate is what it was made from."""
        if self._conjugate is None:
            self._conjugate = Complex(self.shape, lambda: (self.real, -self.imag))
            self._conjugate._conjugate = self
        return self._conjugate

    @cached_property
    def parts(self) -> Parts:
        """The real and the imaginary part, real tensors of the same shape."""
        return self._make()

    @property
    def real(self) -> "torch.Tensor":
        """The real part."""
        return self.parts[0]

    @property
    def imag(self) -> "torch.Tensor":
        """The imaginary part."""
        return self.parts[1]


def pair(re: "torch.Tensor", im: "torch.Tensor") -> Complex:
    """Return the complex tensor re + i im."""
    return Complex(tuple(re.shape), lambda: (re, im))


class Known(Complex):
    """A tensor that follows from the parameters alone: its value in double precision; complex or real."""

    def __init__(self, value: np.ndarray, name: str, dtype: "torch.dtype", context: Context) -> None:
        super().__init__(value.shape, self._constants)
        self.value, self._name, self._dtype, self._context = value, name, dtype, context

    @property
    def complex(self) -> bool:
        """Whether it has an imaginary part."""
        return np.iscomplexobj(self.value)

    @cached_property
    def tensor(self) -> "torch.Tensor":
        """The real tensor that it is; for one that is not complex."""
        return self._context.constant(self._name, self._dtype, lambda: self.value)

    def _constants(self) -> Parts:
        re = self._context.constant(f"{self._name}_re", self._dtype, lambda: self.value.real)
        return re, self._context.constant(f"{self._name}_im", self._dtype, lambda: self.value.imag)


class RealView:
    """What torch.view_as_real gives, (..., 2): made only when something reads both parts as one tensor."""

    def __init__(self, of: Complex) -> None:
        self.of = of

    @cached_property
    def tensor(self) -> "torch.Tensor":
        """The real tensor, the two parts along its last axis."""
        import torch

        return torch.stack(self.of.parts, dim=-1)


class Spectrum(Complex):
    """The transform of a real signal x along one axis: `whole`, or the frequencies up to half its length."""

    def __init__(
        self, x: "torch.Tensor", axis: int, scale: float, whole: bool, make: Callable[[], Parts]
    ) -> None:
        length = x.shape[axis]
        shape = list(x.shape)
        shape[axis] = length if whole else length // 2 + 1
        super().__init__(tuple(shape), make)
        self.x, self.axis, self.scale, self.whole, self.length = x, axis, scale, whole, length


class Filtered(Complex):
    """A spectrum times a known transfer function, whose rank is that of x."""

    def __init__(self, spectrum: Spectrum, transfer: np.ndarray, make: Callable[[], Parts]) -> None:
        super().__init__(spectrum.shape, make)
        self.spectrum, self.transfer = spectrum, transfer


class Returned(Complex):
    """A filtered real signal, transformed back; `correlated` gives its real part alone."""

    def __init__(
        self, shape: tuple[int, ...], correlated: "Callable[[], torch.Tensor]", make: Callable[[], Parts]
    ) -> None:
        super().__init__(shape, make)
        self._correlated = correlated

    @cached_property
    def real(self) -> "torch.Tensor":
        """The real part, without the imaginary one."""
        return self._correlated()
