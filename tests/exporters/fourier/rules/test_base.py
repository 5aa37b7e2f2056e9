import numpy as np
import pytest
import torch

from exporters.fourier.rules.base import on_each, paired, parts, promoted, real_dtype
from exporters.fourier.values import Known, pair


def test_parts_of_numbers_and_tensors(context):
    x = torch.ones(2)
    z = pair(x, 2 * x)
    assert parts(1.5) == (1.5, None)
    assert parts(1 + 2j) == (1.0, 2.0)
    assert parts(1 + 0j) == (1.0, None)
    assert parts(x) == (x, None)
    assert parts(z) is z.parts
    known = Known(np.ones(2), "known", torch.float32, context)
    assert parts(known)[0] is known.tensor
    assert parts(known)[1] is None


def test_promoted_gives_a_real_tensor_zeros_as_imaginary_part():
    re, im = promoted(torch.ones(2, 3, dtype=torch.float64))
    assert im.shape == re.shape
    assert im.dtype == re.dtype
    assert not im.any()
    assert promoted(2.0) == (2.0, 0.0)


def test_paired_broadcasts_both_parts_to_one_shape():
    z = paired(torch.ones(2, 1), torch.zeros(3))
    assert z.shape == (2, 3)
    assert z.real.shape == z.imag.shape == (2, 3)


def test_several_results_are_paired_one_by_one():
    z = pair(torch.arange(4.0), -torch.arange(4.0))
    first, second = on_each(torch.ops.aten.split.Tensor, z, (2,), {})
    assert (first.imag == -first.real).all()
    assert second.real.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("dtype", "of_parts"),
    [(torch.complex64, torch.float32), (torch.complex128, torch.float64), (torch.float32, torch.float32)],
)
def test_the_type_of_parts(dtype, of_parts):
    assert real_dtype(dtype) == of_parts
