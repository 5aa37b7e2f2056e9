import pytest
import torch
from torch import nn

from latbench.zoo.counts import count
from latbench.zoo.create import create_model
from latbench.zoo.registry import spec
from latbench.zoo.spec import MACS_NOT_COUNTED


def test_specs_state_exact_counts(member):
    with torch.device("meta"):
        counted = count(member.build(), member.resolution)
    assert (counted.params, counted.macs) == (member.params, member.macs)
    assert counted.not_counted == member.macs_not_counted


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("efficientmod_xxs", 765_159_424),
        ("efficientmod_xs", 1_034_925_312),
        ("efficientmod_s", 1_865_128_640),
        ("efficientmod_s_conv", 1_920_937_920),
    ],
)
def test_macs_at_another_resolution(name, macs):
    with torch.device("meta"):
        assert count(spec(name).build(), 256).macs == macs


@pytest.mark.parametrize(
    "name",
    [
        "parc_mobilenetv2",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("parc_resnet50", "parc_convnext_xt")),
    ],
)
def test_a_fourier_transform_is_not_counted_and_the_sum_is_unknown(name):
    counted = count(spec(name).build(parc="fft"), 64)
    assert counted.params == spec(name).params
    assert counted.macs is None
    assert count(spec(name).build(parc="crt4_7"), 224).macs == spec(name).macs


@pytest.mark.parametrize("expand", ["broadcast", "repeat"])
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_the_form_changes_no_count(expand, layout):
    known = spec("efficientmod_xxs")
    assert count(known.build(expand=expand, layout=layout), 224).macs == known.macs


def test_counts_by_hand():
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, groups=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten()
    )
    counted = count(module.append(nn.Linear(8 * 16, 5)), 4)
    assert counted.params == (3 * 8 * 9 + 8) + 2 * 8 + (8 * 16 * 5 + 5)
    assert counted.macs == 3 * 8 * 9 * 16 + 8 * 16 * 5
    assert counted.not_counted == MACS_NOT_COUNTED


def test_a_norm_of_one_value_per_channel_is_counted_in_training_too():
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1)).train()
    module[1].eval()
    assert count(module, 4).macs == 6
    assert [part.training for part in module] == [True, False, True]


def test_counting_leaves_the_module_as_it_was():
    model = create_model("efficientmod_xxs")
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    count(model, 64)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_what_a_part_states_of_itself_is_added_once():
    class Weighted(nn.Module):
        def forward(self, x):
            return (x * x).sum(1, keepdim=True)

        def own_macs(self, out):
            return 3 * out.numel()

    module = nn.Sequential(Weighted(), nn.Conv2d(1, 2, 1))
    assert count(module, 4).macs == 3 * 16 + 2 * 16
    assert count(module, 4).macs == 3 * 16 + 2 * 16
