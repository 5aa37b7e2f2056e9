import numpy as np
import pytest

from exporters.circular.level import level
from exporters.lowerings.reference import circulant


def made(found, shape):
    """Return the array that `found` stands for."""
    taken = found.taps[..., found.places]
    return (taken.transpose(0, 2, 1, 3) if taken.ndim == 4 else taken).reshape(shape)


def values(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def blocks(outputs, channels, length):
    return circulant(values(outputs, channels, length)).transpose(0, 2, 1, 3).reshape(outputs * length, -1)


CASES = {
    "circulants": (circulant(values(3, 7)), 0, True, (3, 7)),
    "transposed": (circulant(values(3, 7)).transpose(0, 2, 1), 0, True, (3, 7)),
    "one": (circulant(values(1, 6))[0], 0, True, (1, 1, 6)),
    "blocks": (blocks(2, 3, 7), 0, True, (2, 3, 7)),
    "blocks transposed": (blocks(2, 3, 7).T, 0, True, (3, 2, 7)),
    "grouped convolution": (circulant(values(3, 7)).reshape(21, 7, 1, 1), 3, True, (3, 7)),
    "dense convolution": (blocks(4, 2, 5)[:, :, None, None], 1, True, (4, 2, 5)),
    "half of a circulant": (circulant(values(3, 8))[:, :4, :], 0, False, (3, 11)),
}


@pytest.mark.parametrize(("array", "group", "around", "taps"), CASES.values(), ids=CASES)
def test_level_diagonals_are_taps_at_places(array, group, around, taps):
    found = level(array, group)
    assert (found.around, found.taps.shape, found.places.dtype) == (around, taps, np.int32)
    assert (made(found, array.shape) == array).all()


def test_the_minus_of_a_negacyclic_matrix_is_kept():
    place = np.arange(4)
    away = place[None] - place[:, None]
    array = np.where(away < 0, -1, 1) * values(4)[away % 4]
    found = level(array[None].astype(np.float32), 0)
    assert not found.around
    assert (made(found, (1, 4, 4)) == array.astype(np.float32)).all()


@pytest.mark.parametrize(
    ("array", "group"), [(values(3, 7, 7), 0), (values(12, 12), 0), (values(6, 2, 3, 3), 1), (values(7), 0)]
)
def test_anything_else_is_none(array, group):
    assert level(array, group) is None


def test_one_entry_that_differs_is_seen():
    array = circulant(values(3, 7))
    array[2, 6, 1] = np.nextafter(array[2, 6, 1], np.float32(9))
    assert level(array, 0) is None
