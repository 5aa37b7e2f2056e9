"""Rules applied without a trace, modules made of one function, and both held against torch in float64."""

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves, tree_map

from exporters.fourier.module import real_module
from exporters.fourier.rules import rules
from exporters.fourier.values import Complex, Known, RealView, pair

EXACT, CLOSE = 1e-12, 1e-5


class Constants:
    """The constants that rules ask for, by name."""

    def __init__(self):
        self.here, self.made = "here", {}

    def constant(self, name, dtype, make):
        key = (name, dtype)
        if key not in self.made:
            self.made[key] = torch.from_numpy(np.array(make(), order="C")).to(dtype)
        return self.made[key]


class Function(torch.nn.Module):
    """What `function` makes of the module's parameters, by name, and the inputs."""

    def __init__(self, function, **parameters):
        super().__init__()
        self.function = function
        for name, value in parameters.items():
            self.register_parameter(name, torch.nn.Parameter(value))

    def forward(self, *inputs):
        return self.function(dict(self.named_parameters()), *inputs)


def _torn(value):
    return pair(value.real, value.imag) if isinstance(value, torch.Tensor) and value.is_complex() else value


def _whole(value):
    if isinstance(value, Known) and not value.complex:
        return value.tensor
    if isinstance(value, Complex):
        return torch.complex(*(part.contiguous() for part in value.parts))
    return value.tensor if isinstance(value, RealView) else value


def _error(found, expected):
    """Return max|a - b| / max|b|; the shapes and the types are the same."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    difference = float((found - expected).abs().max())
    return difference / (float(expected.abs().max()) or 1.0)


@pytest.fixture
def context():
    return Constants()


@pytest.fixture
def error():
    return _error


@pytest.fixture
def whole():
    return _whole


@pytest.fixture
def same(context):
    """Return a function that applies an operator's rule, and checks it against the operator itself."""

    def check(operator, *args, **kwargs):
        expected = operator(*args, **kwargs)
        given = tree_map(_torn, (args, kwargs))
        rule = rules()[str(operator.overloadpacket)]
        found = rule.apply(context, operator, *given[0], **given[1])
        pairs = zip(tree_leaves(tree_map(_whole, found)), tree_leaves(expected), strict=True)
        for one, other in pairs:
            assert _error(one, other.resolve_conj()) <= EXACT

    return check


@pytest.fixture
def real():
    """Return a function that gives the real module of a function, checked against it."""

    def make(function, *inputs, **parameters):
        module = Function(function, **parameters).eval()
        with torch.no_grad():
            expected = module(*inputs)
            made, _ = real_module(module, inputs)
            found = made(*inputs)
        limit = EXACT if inputs[0].dtype == torch.float64 else CLOSE
        for one, other in zip(found, tree_leaves(expected), strict=True):
            assert _error(one, other) <= limit
        return made

    return make


@pytest.fixture(scope="session")
def noise():
    """Return a function that draws real numbers, or complex ones, in float64."""

    def draw(*shape, seed=0, imaginary=False):
        rng = np.random.default_rng(seed)
        real = rng.standard_normal(shape)
        return torch.from_numpy(real + 1j * rng.standard_normal(shape) if imaginary else real)

    return draw
