import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from latbench.errors import BadInput
from latbench.zoo.layers.layout import LAYOUTS
from latbench.zoo.layers.modulation import (
    COMBINATIONS,
    Context,
    Modulation,
    broadcast,
    expansion_named,
    repeat,
)

LAST = LAYOUTS["channels_last"]


def operators(module, image):
    program = torch.export.export(module, (image,)).run_decompositions()
    return {str(node.target) for node in program.graph.nodes if node.op == "call_function"}


def noise(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@given(
    ratio=st.integers(1, 6),
    channels=st.integers(1, 5),
    axis=st.sampled_from([layout.axis for layout in LAYOUTS.values()]),
    combine=st.sampled_from(list(COMBINATIONS.values())),
)
def test_broadcast_is_repeat_to_the_last_bit(ratio, channels, axis, combine):
    context = noise(2, 3, 4, channels).movedim(3, axis)
    values = noise(2, 3, 4, ratio * channels).movedim(3, axis)
    assert torch.equal(
        broadcast(combine, values, context, ratio, axis), repeat(combine, values, context, ratio, axis)
    )


def test_value_channel_j_meets_context_channel_j_modulo_their_number():
    context, values = noise(1, 1, 1, 3), noise(1, 1, 1, 12)
    combined = broadcast(torch.mul, values, context, 4, 3)
    expected = [values[0, 0, 0, j] * context[0, 0, 0, j % 3] for j in range(12)]
    assert combined.flatten().tolist() == [float(value) for value in expected]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_broadcast_copies_nothing_and_repeat_does(layout):
    image = layout.from_nhwc(noise(1, 4, 4, 8))
    copies = {"aten.repeat.default", "aten.expand.default", "aten.cat.default"}
    assert not operators(Modulation(8, 6, layout), image) & copies
    assert operators(Modulation(8, 6, layout, expand="repeat"), image) & copies


def test_the_context_sums_its_branches_and_can_lack_every_part():
    image = noise(1, 6, 6, 4)
    context = Context(4, LAST, (3, 5), f=False, g=False)
    planes = image.permute(0, 3, 1, 2)
    expected = F.gelu(context.context_list[0](planes)) + F.gelu(context.context_list[1](planes))
    torch.testing.assert_close(context(image), expected.permute(0, 2, 3, 1))
    torch.testing.assert_close(Context(4, LAST, (), f=False, g=False)(image), F.gelu(image))
    assert isinstance(Context(4, LAST, g=False).g, nn.Identity)


def test_values_are_activated_only_when_wider_than_the_context():
    image = noise(1, 3, 3, 4)
    narrow, wide = Modulation(4, 1, LAST), Modulation(4, 2, LAST)
    expected = narrow.fc2(narrow.fc1(image) * narrow.context_layer(image))
    torch.testing.assert_close(narrow(image), expected)
    doubled = torch.cat([wide.context_layer(image)] * 2, dim=3)
    torch.testing.assert_close(wide(image), wide.fc2(F.gelu(wide.fc1(image)) * doubled))


def test_the_sum_stands_where_the_product_stood():
    image = noise(1, 3, 3, 4)
    block = Modulation(4, 2, LAST, combine="sum")
    doubled = torch.cat([block.context_layer(image)] * 2, dim=3)
    torch.testing.assert_close(block(image), block.fc2(F.gelu(block.fc1(image)) + doubled))


def test_an_unknown_expansion_is_refused():
    with pytest.raises(BadInput, match="'tile'; use one of: broadcast, repeat"):
        expansion_named("tile")
