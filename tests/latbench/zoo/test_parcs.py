import sys

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from latbench.errors import BadInput, EnvironmentFault
from latbench.zoo.layers.parc import ParC
from latbench.zoo.parcs import ParcSpec, create_parc, is_parc, parc_input, parc_spec

SPECS = {
    "parc_h_c64_56": ParcSpec("h", 64, 56, 56),
    "parc_w_c64_56x112": ParcSpec("w", 64, 56, 112),
    "parc_h_c128_14_dense": ParcSpec("h", 128, 14, 14, dense=True),
    "parc_h_c64_56_net": ParcSpec("h", 64, 56, 56, context="network"),
    "parc_w_c6_5x7_dense_net": ParcSpec("w", 6, 5, 7, dense=True, context="network"),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_name_says_everything(name):
    assert is_parc(name)
    assert parc_spec(name) == SPECS[name]
    assert SPECS[name].name == name


@pytest.mark.parametrize(
    "name", ["parc_d_c64_56", "parc_h_c0_56", "parc_h_c64_56_wide", "parc_resnet50", "xparc_h_c64_56"]
)
def test_any_other_name_is_told_how_one_is_written(name):
    assert not is_parc(name)
    with pytest.raises(BadInput, match="names no ParC; write it like parc_h_c64_56"):
        parc_spec(name)


@pytest.mark.parametrize("name", SPECS)
def test_counts_are_those_of_the_module(name):
    module, image = create_parc(name), parc_input(name)
    with FlopCounterMode(display=False) as counter:
        output = module(image)
    assert output.shape == image.shape == SPECS[name].shape
    assert SPECS[name].params == sum(parameter.numel() for parameter in module.parameters())
    assert SPECS[name].macs == counter.get_total_flops() // 2


@pytest.mark.parametrize("name", SPECS)
def test_outputs_are_tame_and_the_same_in_both_forms(name):
    image = parc_input(name)
    spatial, fft = (create_parc(name, parc=form)(image) for form in ("spatial", "fft"))
    assert 0.5 < float(spatial.std()) < 2
    torch.testing.assert_close(spatial, fft, rtol=0, atol=2e-6 * float(spatial.abs().max()))
    assert torch.equal(create_parc(name)(image), spatial)
    assert torch.equal(create_parc(name, parc="crt4_7")(image), spatial)


def test_embedding_and_bias_take_part():
    operator, image = create_parc("parc_w_c8_14"), parc_input("parc_w_c8_14")
    whole = operator(image)
    for name in ("pe", "gcc_conv.bias"):
        changed = create_parc("parc_w_c8_14")
        changed.get_parameter(name).zero_()
        assert float((changed(image) - whole).abs().max()) > 1e-2


def test_in_the_context_of_a_network_it_stands_between_pointwise_convolutions():
    before, operator, after = create_parc("parc_h_c64_56_net")
    assert isinstance(operator, ParC)
    for around in (before, after):
        assert isinstance(around, nn.Conv2d)
        assert around.kernel_size == (1, 1)
        assert around.bias is not None


def test_weights_depend_on_the_seed_alone():
    one, same, other = (create_parc("parc_h_c4_7", seed=seed).gcc_conv.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not torch.equal(parc_input("parc_h_c4_7"), parc_input("parc_h_c4_7", seed=1))


def test_an_unknown_lowering_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match="parc_h_c4_7 has no --parc 'fast'; use one of: auto, spatial, fft"):
        create_parc("parc_h_c4_7", parc="fast")


def test_without_pytorch_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'latbench\[torch\]'"):
        create_parc("parc_h_c4_7")
