import numpy as np
import pytest
import torch

from latbench.errors import BadInput
from latbench.pipeline.export import build
from latbench.pipeline.subjects import resolve

NAME = "efficientmod_block_c8_r6_7"


def test_a_block_is_named_before_the_zoo_is_asked():
    subject = resolve(NAME)
    assert (subject.kind, subject.family, subject.resolution) == ("block", "EfficientMod block", 7)


def test_its_size_is_in_its_name_alone():
    with pytest.raises(BadInput, match="leave out --resolution"):
        resolve(NAME, 14)


@pytest.mark.parametrize(
    ("layout", "shape"), [("channels_last", (1, 7, 7, 8)), ("channels_first", (1, 8, 7, 7))]
)
def test_it_takes_activations_in_its_own_layout(layout, shape):
    wish = resolve(NAME).wish("portable", 20, {"layout": layout})
    built = build(wish)
    assert tuple(built.inputs[0].shape) == shape
    assert wish.forms == {"expand": "broadcast", "layout": layout}
    with torch.no_grad():
        assert np.isfinite(built.module(*built.inputs).numpy()).all()
