import numpy as np
import pytest
import torch

from exporters.fourier.program import is_complex, meets_complex, operator_name, trace


class Filter(torch.nn.Module):
    """A filter whose spectrum comes of a parameter, and a linear layer with no part in it."""

    def __init__(self):
        super().__init__()
        self.taps = torch.nn.Parameter(torch.from_numpy(np.random.default_rng(0).standard_normal(8)).float())
        self.linear = torch.nn.Linear(8, 8)
        self.register_buffer("window", torch.hann_window(8), persistent=False)

    def forward(self, x):
        factor = torch.fft.rfft(self.taps * self.window).conj()
        return self.linear(torch.fft.irfft(torch.fft.rfft(x) * factor, n=8))


@pytest.fixture(scope="module")
def filtering():
    return Filter().eval()


@pytest.fixture(scope="module")
def program(filtering):
    return trace(filtering, (torch.ones(2, 8),))


def test_what_follows_from_parameters_is_known_in_double_precision(filtering, program):
    (value,) = program.known.values()
    taps = filtering.taps.detach().double().numpy()
    expected = np.fft.rfft(taps * filtering.window.double().numpy()).conj()
    assert value.dtype == np.complex128
    assert np.abs(value - expected).max() < 1e-13


def test_what_only_that_needs_is_not_computed(program):
    names = [operator_name(node) for node in program.nodes if node.op == "call_function"]
    assert names.count("aten._fft_r2c") == 1
    held = {program.stored[node.name][0] for node in program.nodes if node.name in program.stored}
    assert held == {"linear.weight", "linear.bias"}


def test_inputs_and_outputs_are_named(program):
    assert program.inputs == ("x",)
    assert [node.meta["val"].shape for node in program.outputs] == [(2, 8)]


def test_complex_nodes_are_told_from_real_ones(program):
    by_name = {operator_name(node): node for node in program.nodes}
    assert is_complex(by_name["aten.mul"])
    assert not is_complex(by_name["aten._fft_c2r"])
    assert meets_complex(by_name["aten._fft_c2r"])
    assert not meets_complex(by_name["aten.linear"])


def test_operators_without_a_rule_are_taken_apart_into_those_with():
    class Several(torch.nn.Module):
        def forward(self, x):
            z = torch.einsum("ab,cb->ac", torch.fft.fft2(x), torch.fft.fft(x))
            return torch.view_as_real(torch.tensordot(z, z, 1))

    program = trace(Several(), (torch.ones(3, 4),))
    names = {operator_name(node) for node in program.nodes}
    assert {"aten.bmm", "aten.mm", "aten._fft_r2c"} <= names
    assert not names & {"aten.einsum", "aten.tensordot", "aten.fft_fft2"}


def test_chance_is_not_known():
    class Noisy(torch.nn.Module):
        def forward(self, x):
            return torch.fft.irfft(torch.fft.rfft(x) * torch.rand(5), n=8)

    assert not trace(Noisy(), (torch.ones(8),)).known


def test_what_writes_into_its_own_buffer_gives_its_outputs_alone():
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            self.count += 1
            return torch.fft.rfft(x).abs()

    assert len(trace(Counting(), (torch.ones(8),)).outputs) == 1
