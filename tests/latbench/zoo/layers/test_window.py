import numpy as np
import pytest
import torch
from torch.nn import functional as F

from latbench.zoo.layers.window import (
    APART,
    entering,
    inverse,
    kept_order,
    leaving,
    merging,
    moved,
    relative,
    windows,
)

MAPS = [(8, 8), (4, 8), (6, 10), (4, 4), (3, 9), (2, 2)]


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize(("height", "width"), [size for size in MAPS if min(size) > 4])
def test_the_order_of_windows_is_that_of_filling_rolling_and_cutting(height, width, shift):
    image, held = noise(2, height, width, 3), windows(height, width, 4, shift)
    filled = F.pad(image, (0, 0, 0, -width % 4, 0, -height % 4))
    rolled = torch.roll(filled, (-shift, -shift), (1, 2))
    expected = rolled.unflatten(2, (-1, 4)).unflatten(1, (-1, 4)).transpose(2, 3).reshape(2, -1, 3)
    assert held.count == expected.shape[1] // 16
    assert torch.equal(moved(image.flatten(1, 2), held.order), expected)


@pytest.mark.parametrize(("height", "width"), [(4, 8), (4, 4), (3, 9), (2, 2)])
def test_a_map_no_larger_than_a_window_shrinks_it_and_is_not_rolled(height, width):
    held = windows(height, width, 4, 2)
    assert (held.side, held.apart) == (min(height, width), None)


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize(("height", "width"), MAPS)
def test_tokens_leave_the_windows_as_they_entered(height, width, shift):
    tokens = noise(2, height * width, 3)
    size = (height, width, 4, shift)
    order = kept_order(height, width, 4)
    entered = moved(moved(tokens, order), entering(*size))
    assert torch.equal(entered, moved(tokens, windows(*size).order))
    assert torch.equal(moved(moved(entered, leaving(*size)), inverse(order)), tokens)


def test_tokens_that_are_in_place_are_not_moved():
    tokens = noise(1, 64, 3)
    assert moved(tokens, entering(8, 8, 4, 0)) is tokens
    assert moved(tokens, leaving(8, 8, 4, 0)) is tokens


def test_tokens_from_opposite_edges_are_kept_apart():
    held = windows(8, 8, 4, 2)
    rows, columns = np.divmod(held.order.reshape(-1, 16), 8)
    for number in range(4):
        far = (abs(rows[number][:, None] - rows[number]) >= 4) | (
            abs(columns[number][:, None] - columns[number]) >= 4
        )
        assert np.array_equal(held.apart[number] == APART, far)
        assert set(np.unique(held.apart[number])) <= {0.0, APART}
    assert not held.apart[0].any()


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 8), (12, 20), (6, 10), (7, 5)])
def test_merging_groups_patches_column_by_column(height, width):
    tokens = noise(1, height * width, 3)
    grouped = moved(moved(tokens, kept_order(height, width, 4)), merging(height, width, 4))
    half = inverse(kept_order(-(-height // 2), -(-width // 2), 4))
    patches = moved(grouped.unflatten(1, (-1, 4)).flatten(2), half)
    image = F.pad(tokens.unflatten(1, (height, width)), (0, 0, 0, width % 2, 0, height % 2))
    corners = [image[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
    assert torch.equal(patches, torch.cat(corners, 3).flatten(1, 2))


def test_pairs_at_the_same_offset_share_a_bias():
    rows = relative(7, 3).reshape(3, 3, 3, 3)
    assert rows[1, 1, 1, 1] == 6 * 13 + 6
    assert rows[0, 0, 1, 2] == rows[1, 0, 2, 2] == 5 * 13 + 4
    assert len(np.unique(rows)) == 25
    assert relative(7, 7).max() == 13**2 - 1
