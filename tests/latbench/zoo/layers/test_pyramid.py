import pytest
import torch
from torch import nn

from latbench.zoo.create import create_model
from latbench.zoo.layers.layout import LAYOUTS
from latbench.zoo.layers.pyramid import Pyramid


def sizes(model, height, width):
    seen = []
    for layer in (model.patch_embed, *(stage.downsample for stage in model.layers[:-1])):
        layer.register_forward_hook(
            lambda layer, inputs, out: seen.append(layer.layout.to_nchw(out).shape[2:])
        )
    logits = model(torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0)))
    return logits, [tuple(size) for size in seen]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (230, 230, [(58, 58), (29, 29), (15, 15), (8, 8)]),
        (224, 256, [(56, 64), (28, 32), (14, 16), (7, 8)]),
        (32, 33, [(8, 9), (4, 5), (2, 3), (1, 2)]),
    ],
)
def test_resolution_quarters_and_then_halves_rounding_up(layout, height, width, expected):
    logits, seen = sizes(create_model("efficientmod_xxs", layout=layout), height, width)
    assert seen == expected
    assert logits.shape == (1, 1000)
    assert logits.isfinite().all()


def test_isotropic_networks_keep_one_resolution():
    _, seen = sizes(create_model("mbconv_iso_196x11", 56), 56, 70)
    assert seen == [(4, 5)]


def test_the_head_sees_the_mean_over_positions():
    layout = LAYOUTS["channels_last"]
    model = Pyramid((2, 4), ([], [nn.Identity()]), (4, 4, 0), [layout] * 2, classes=3)
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    features = model.norm(model.layers[0].downsample(model.patch_embed(image)))
    torch.testing.assert_close(model(image), model.head(features.mean((1, 2))))
