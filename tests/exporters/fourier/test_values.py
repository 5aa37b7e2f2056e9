import numpy as np
import torch

from exporters.fourier.values import Complex, Known, RealView, Returned, pair


def test_parts_are_made_once_and_only_when_read():
    made = []
    z = Complex((2,), lambda: (made.append(1) or torch.ones(2), torch.zeros(2)))
    assert z.shape == (2,)
    assert not made
    assert z.real is z.parts[0]
    assert z.imag is z.parts[1]
    assert len(made) == 1


def test_a_conjugate_negates_the_imaginary_part_and_twice_is_none():
    z = pair(torch.ones(2), torch.ones(2))
    assert z.conjugate.imag.tolist() == [-1, -1]
    assert z.conjugate.real is z.real
    assert z.conjugate.conjugate is z


def test_what_is_known_becomes_constants_when_read(context):
    known = Known(np.array([1 + 2j, 3]), "known", torch.float32, context)
    assert known.complex
    assert not context.made
    assert known.real.tolist() == [1, 3]
    assert known.imag.tolist() == [2, 0]
    assert {name for name, _ in context.made} == {"known_re", "known_im"}
    plain = Known(np.array([1.0]), "plain", torch.float64, context)
    assert not plain.complex
    assert plain.tensor.dtype == torch.float64


def test_both_parts_as_one_tensor():
    z = pair(torch.ones(2, 3), torch.zeros(2, 3))
    view = RealView(z)
    assert view.tensor.shape == (2, 3, 2)
    assert (view.tensor[..., 0] == 1).all()
    assert not view.tensor[..., 1].any()


def test_the_real_part_of_what_returns_needs_no_transform():
    def never():
        raise AssertionError

    assert Returned((2,), lambda: torch.ones(2), never).real.tolist() == [1, 1]
