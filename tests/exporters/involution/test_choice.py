"""Which lowering each target takes for which involution."""

from collections import Counter

import onnx_ir as ir
import pytest
import torch

from exporters.involution.base import Involution
from exporters.involution.choice import chooser
from exporters.involution.match import sites
from exporters.targets import TARGETS

CHANNELS = 8


def test_a_small_map_becomes_one_product_and_a_long_stride_stays_unfolded_where_it_must(
    somebody, graph_of, lowered
):
    torch.manual_seed(0)
    model, _, _ = graph_of(somebody("published", 5), torch.randn(1, CHANNELS, 7, 7))
    assert lowered(model, "auto")[1].used == "banded"
    model, _, _ = graph_of(somebody("published", 3, 2), torch.randn(1, CHANNELS, 32, 32))
    made, told = lowered(model, "row_sums")
    assert (told.used, told.asked) == ("unfold", "row_sums")
    assert "stride" in told.reason
    assert "mostly zeros" in lowered(model, "banded")[1].reason
    assert any(node.op_type == "ReduceSum" for node in made.graph.node)


@pytest.mark.parametrize(
    ("size", "kernel", "members", "used"),
    [
        (13, 7, 16, "flat_pixels"),
        (12, 7, 16, "banded"),
        (12, 5, 16, "flat_pixels"),
        (15, 7, 15, "flat_views"),
    ],
)
def test_openvino_weights_the_channels_of_a_pixel_at_once_where_they_fill_vectors(
    size, kernel, members, used
):
    pads = (kernel // 2,) * 4
    op = Involution((1, 2 * members, size, size), 2, (kernel, kernel), (size, size), pads=pads)
    assert chooser("auto", "openvino")(op)[0] == used


def test_wide_windows_of_many_channels_become_products_of_tiles_except_in_openvino(
    somebody, graph_of, lowered
):
    torch.manual_seed(0)
    model, _, _ = graph_of(somebody("published", 7), torch.randn(1, CHANNELS, 7, 18))
    graph = ir.from_proto(model)
    (site,) = sites(graph)
    assert site.op.kernel[1] * site.op.members == 28
    chosen = {target: chooser("auto", target)(site.op)[0] for target in TARGETS}
    assert chosen == {"portable": "tiled", "onnxruntime": "tiled"} | dict.fromkeys(
        set(TARGETS) - {"portable", "onnxruntime"}, "banded"
    )
    made, _ = lowered(model, "auto")
    count = Counter(node.op_type for node in made.graph.node)
    assert (count["MatMul"], count["Gather"], count["Mul"]) == (2, 1, 0)
