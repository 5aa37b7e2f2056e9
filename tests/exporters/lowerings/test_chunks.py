"""A lowering in groups of channels: the same numbers, the sizes as asked for."""

import pytest

from exporters.lowerings import lowerings
from exporters.lowerings.chunks import CACHED, chunk_sizes, chunked

EXACT = 1e-6


@pytest.mark.parametrize("axis", "hw")
@pytest.mark.parametrize(
    "written", [("crt2", None), ("crt4", 4), ("crt4g", 4), ("crtk", 3), ("dense_dft", None)]
)
def test_the_numbers_are_those_of_the_whole(axis, written, circular, model_of, error_of):
    op = circular(axis, (2, 7, 12, 5) if axis == "h" else (2, 7, 5, 12))
    lowering, factor = lowerings()[written[0]], written[1]
    for chunk in (1, 2, 3, 7):
        model = model_of(op, lambda builder, x, n=chunk: chunked(builder, x, op, lowering, factor, n))
        assert error_of(model, op) <= EXACT


def test_one_chunk_is_the_lowering_alone(circular, model_of, operators):
    op, lowering = circular("h", (1, 4, 8, 3)), lowerings()["crt4"]
    for chunk in (None, "auto", 4, 100):
        found = operators(model_of(op, lambda builder, x, n=chunk: chunked(builder, x, op, lowering, 4, n)))
        assert "Split" not in found
    split = operators(model_of(op, lambda builder, x: chunked(builder, x, op, lowering, 4, 2)))
    assert split[0] == "Split"
    assert split[-1] == "Concat"
    assert split.count("Add") == 2


def test_constants_that_chunks_share_are_stored_once(circular, model_of):
    op, lowering = circular("h", (1, 8, 8, 3)), lowerings()["crt4"]
    model = model_of(op, lambda builder, x: chunked(builder, x, op, lowering, 4, 1))
    transforms = [item for item in model.graph.initializer if list(item.dims) == [4, 4]]
    assert len(transforms) == 2


def test_sizes_are_equal_to_within_one_and_fit(circular):
    def sizes(shape, chunk):
        return chunk_sizes(circular("h", shape), chunk)

    assert sizes((1, 7, 4, 4), 3) == [3, 2, 2]
    assert sizes((1, 7, 4, 4), 100) == sizes((1, 7, 4, 4), None) == [7]
    assert sizes((1, 64, 56, 56), "auto") == [32, 32]
    large = sizes((1, 64, 224, 224), "auto")
    assert sum(large) == 64
    assert max(large) - min(large) <= 1
    assert max(large) * 224 * 224 * 4 <= CACHED < (max(large) + 1) * 224 * 224 * 4
    assert sizes((2, 64, 224, 224), "auto") == [1] * 64
    assert sizes((1, 3, 448, 500), "auto") == [1, 1, 1]


def test_a_dense_one_is_not_split(circular, model_of):
    op, lowering = circular("h", (1, 4, 8, 3), outputs=4), lowerings()["crtk"]
    with pytest.raises(ValueError, match="dense"):
        model_of(op, lambda builder, x: chunked(builder, x, op, lowering, 4, 2))
