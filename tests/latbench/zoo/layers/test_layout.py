import pytest
import torch
from torch import nn

from latbench.errors import BadInput
from latbench.zoo.layers.layout import LAYOUTS, ChannelNorm, Pointwise, layouts_named

IMAGE = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_an_activation_comes_back_as_it_went(layout):
    held = layout.from_nchw(IMAGE)
    assert held.shape[layout.axis] == 5
    assert torch.equal(layout.to_nchw(held), IMAGE)
    assert torch.equal(layout.to_nhwc(held), IMAGE.permute(0, 2, 3, 1))
    assert torch.equal(layout.from_nhwc(layout.to_nhwc(held)), held)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_vector_meets_its_channels(layout):
    vector = torch.arange(5.0)
    scaled = layout.to_nchw(layout.from_nchw(IMAGE) * layout.per_channel(vector))
    assert torch.equal(scaled, IMAGE * vector.view(1, 5, 1, 1))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize(
    ("plain", "layer"),
    [
        (nn.Linear(5, 7), lambda layout: Pointwise(5, 7, layout)),
        (nn.LayerNorm(5), lambda layout: ChannelNorm(5, layout)),
    ],
    ids=["pointwise", "norm"],
)
def test_a_layer_over_channels_does_what_pytorchs_own_does_to_the_last_axis(layout, plain, layer):
    ours = layer(layout)
    ours.load_state_dict(plain.state_dict())
    expected = plain(IMAGE.permute(0, 2, 3, 1))
    torch.testing.assert_close(layout.to_nhwc(ours(layout.from_nchw(IMAGE))), expected)


def test_every_stage_has_the_layout_named():
    assert layouts_named("channels_first", (40, 80)) == [LAYOUTS["channels_first"]] * 2


def test_blocked_takes_channels_first_where_channels_fill_blocks_of_16():
    last, first = LAYOUTS["channels_last"], LAYOUTS["channels_first"]
    assert layouts_named("blocked", (40, 80, 160, 344)) == [last, first, first, first]
    assert layouts_named("blocked", (196,)) == [last]


def test_an_unknown_layout_is_refused():
    with pytest.raises(BadInput, match="'nchw'; use one of: channels_last, channels_first, blocked"):
        layouts_named("nchw", (8,))
