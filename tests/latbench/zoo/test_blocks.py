import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.zoo.blocks import BlockSpec, block_input, block_spec, create_block, is_block

SPECS = st.builds(BlockSpec, st.integers(1, 999), st.integers(1, 9), st.integers(1, 99))


@given(SPECS)
def test_a_name_is_read_as_it_is_written(spec):
    assert is_block(spec.name)
    assert block_spec(spec.name) == spec


@pytest.mark.parametrize("name", ["efficientmod_s", "efficientmod_block_c0_r6_56", "efficientmod_block_c4"])
def test_another_name_is_no_block(name):
    assert not is_block(name)
    with pytest.raises(BadInput, match="efficientmod_block_c40_r6_56"):
        block_spec(name)


def test_every_form_computes_the_same():
    name = "efficientmod_block_c8_r6_7"
    expected = create_block(name)(block_input(name))
    for expand in ("broadcast", "repeat"):
        for layout in ("channels_last", "channels_first"):
            out = create_block(name, expand=expand, layout=layout)(block_input(name, layout))
            out = out if layout == "channels_last" else out.permute(0, 2, 3, 1)
            torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)


def test_macs_are_those_pytorch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    name = "efficientmod_block_c8_r6_7"
    with FlopCounterMode(display=False) as counter:
        create_block(name)(block_input(name))
    assert block_spec(name).macs == counter.get_total_flops() // 2
