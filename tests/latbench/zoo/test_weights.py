import zlib
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from latbench.errors import BadInput
from latbench.zoo.weights import calibrate, live, load_weights


def small():
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4), flat=nn.Flatten()))


def checkpoint():
    source = small()
    live(source, 5)
    return source.state_dict()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: weights,
        lambda weights: {"state_dict": weights, "epoch": 3},
        lambda weights: {"model": weights},
        lambda weights: {f"module.{key}": tensor for key, tensor in weights.items()},
        lambda weights: {"state_dict": {f"module.{key}": tensor for key, tensor in weights.items()}},
    ],
)
def test_a_checkpoint_loads_however_it_is_wrapped(wrap):
    model, weights = small(), checkpoint()
    load_weights(model, wrap(weights))
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda weights: weights.pop("norm.bias"), r"lack the key 'norm.bias' \(4,\)"),
        (lambda weights: weights.update({"head.weight": torch.ones(1)}), "have the key 'head.weight'"),
        (
            lambda weights: weights.update({"conv.bias": torch.ones(5)}),
            r"shape \(5,\) at the key 'conv.bias'.*\(4,\)",
        ),
        (lambda weights: weights.update({"conv.bias": "text"}), "hold no tensor at the key 'conv.bias'"),
        (lambda weights: weights.update({3: torch.ones(1)}), "no state_dict"),
        (lambda weights: weights.clear(), "lack the key 'conv.weight'"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_named_and_loads_nothing(change, words):
    model, weights = small(), dict(checkpoint())
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    change(weights)
    with pytest.raises(BadInput, match=words):
        load_weights(model, weights)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_keys_that_repeat_others_are_passed_over():
    model, weights = small(), checkpoint()
    weights["again.conv.weight"] = torch.zeros(1)
    with pytest.raises(BadInput, match=r"have the key 'again\.conv\.weight'"):
        load_weights(model, weights)
    model.aliases = ("again.",)
    load_weights(model, weights)
    assert torch.equal(model.conv.weight, weights["conv.weight"])


def test_something_else_than_a_mapping_is_refused():
    with pytest.raises(BadInput, match="no state_dict"):
        load_weights(small(), [torch.ones(1)])


def test_live_weights_follow_from_the_key():
    model = small()
    live(model.requires_grad_(False))
    noise = np.random.default_rng(zlib.crc32(b"conv.weight")).standard_normal((4, 3, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(model.conv.weight, noise / np.sqrt(27), rtol=1e-6)
    assert model.norm.weight.mean() == pytest.approx(1, abs=0.3)
    assert model.norm.bias.abs().max() < 0.5
    assert model.norm.running_mean.abs().max() < 0.5
    assert model.norm.running_var.min() >= 1
    assert model.norm.num_batches_tracked == 0


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_live_weights_depend_on_the_seed(seed):
    one, same, other = small(), small(), small()
    live(one, seed)
    live(same, seed)
    live(other, seed + 1)
    assert torch.equal(one.conv.weight, same.conv.weight)
    assert not torch.equal(one.conv.weight, other.conv.weight)


def test_behind_a_global_pooling_calibration_takes_all_channels_together():
    norm = nn.BatchNorm2d(3)
    calibrate(norm.eval(), torch.tensor([[0.0, 3.0, 6.0], [0.001, 3.001, 6.001]])[:, :, None, None])
    torch.testing.assert_close(norm.running_mean, torch.full((3,), 3.0005))
    torch.testing.assert_close(norm.running_var, torch.full((3,), 7.2), rtol=1e-4, atol=0)


def test_calibration_normalises_every_batch_norm_behind_the_ones_before_it():
    def scaled(factor):
        norm = nn.BatchNorm2d(4, affine=False)
        conv = nn.Conv2d(4, 4, 1)
        nn.init.normal_(conv.weight, std=factor)
        return nn.Sequential(conv, norm)

    torch.manual_seed(0)
    model = nn.Sequential(scaled(1e3), scaled(1e-3)).eval()
    image = torch.randn(8, 4, 6, 6)
    calibrate(model, image)
    with torch.no_grad():
        output = model(image)
    torch.testing.assert_close(output.mean((0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-3)
    assert output.std() > 0.1
    assert not any(layer._forward_pre_hooks for layer in model.modules())
    assert not model.training


def test_scale_multiplies_what_ends_so_and_nothing_else():
    from latbench.zoo.weights import scale

    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    scale(module, {"1.weight": 0.5})
    for key, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[key] * (0.5 if key == "1.weight" else 1))
