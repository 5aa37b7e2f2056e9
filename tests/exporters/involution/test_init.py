"""Every lowering of an involution against eager PyTorch, in ONNX Runtime, through a whole export."""

import numpy as np
import onnx_ir as ir
import pytest
import torch
from torch import nn

import exporters
from exporters.errors import InputError
from exporters.execute import execute
from exporters.involution import lowerings
from exporters.involution.match import sites
from exporters.involution.name import VALUES
from exporters.targets import TARGETS

CHANNELS = 8


SHAPES = [
    *((kernel, 1, size) for kernel in (3, 5, 7) for size in ((5, 5), (9, 6))),
    *((kernel, 2, size) for kernel in (3, 5, 7) for size in ((6, 10), (2, 4))),
    (3, 3, (9, 6)),
]


FEW = [(3, 3, (9, 6)), (5, 2, (6, 10)), (7, 1, (5, 5))]


@pytest.fixture(
    scope="module",
    params=[pytest.param(shape, marks=() if shape in FEW else pytest.mark.slow) for shape in SHAPES],
    ids=str,
)
def published(request, somebody, graph_of):
    kernel, stride, size = request.param
    torch.manual_seed(0)
    return graph_of(somebody("published", kernel, stride), torch.randn(2, CHANNELS, *size))


@pytest.mark.parametrize("name", [name for name in VALUES if name != "auto"])
def test_every_lowering_gives_the_eager_output(published, name, lowered):
    model, inputs, expected = published
    made, told = lowered(model, name)
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == name or (told.used == "unfold" and f"not {name}, because" in told.reason)


@pytest.fixture(scope="module", params=[1, 2])
def dilated(request, somebody, graph_of):
    torch.manual_seed(0)
    return graph_of(somebody("published", 3, request.param, dilation=2), torch.randn(1, CHANNELS, 8, 10))


@pytest.mark.parametrize("name", list(lowerings()))
def test_every_lowering_keeps_a_dilation(dilated, name, lowered):
    model, inputs, expected = dilated
    (site,) = sites(ir.from_proto(model))
    assert site.op.dilation == (2, 2)
    made, told = lowered(model, name)
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == name or f"not {name}, because" in told.reason


@pytest.fixture(scope="module", params=[(2, (5, 7)), (3, (10, 8))], ids=str)
def uneven(request, somebody, graph_of):
    stride, size = request.param
    torch.manual_seed(0)
    return graph_of(somebody("published", 3, stride), torch.randn(1, CHANNELS, *size))


@pytest.mark.parametrize("name", list(lowerings()))
def test_every_lowering_takes_maps_that_a_stride_does_not_divide(uneven, name, lowered):
    model, inputs, expected = uneven
    made, told = lowered(model, name)
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == name or f"not {name}, because" in told.reason


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(target, marks=() if target in ("onnxruntime", "openvino") else pytest.mark.slow)
        for target in TARGETS
    ],
)
def test_auto_leaves_no_window_copied_out(target, tmp_path, somebody):
    torch.manual_seed(0)
    module, x = somebody("published", 5), torch.randn(1, CHANNELS, 16, 18)
    made = exporters.export(module, (x,), name="one", output=tmp_path, target=target)
    plain = exporters.export(module, (x,), name="two", output=tmp_path, target=target, involution="unfold")
    (site,) = made.manifest["involutions"]
    assert site["asked"] == "auto"
    used = {"onnxruntime": "flat_slices", "openvino": "flat_views"}
    assert site["used"] == used.get(target, "two_level_mac")
    assert "Gather" not in made.manifest["nodes"]["simplified"]
    assert "Gather" in plain.manifest["nodes"]["simplified"]
    assert made.manifest["parity"]["involution"]["max_rel"] <= 1e-6


def test_an_unknown_lowering_is_told_what_there_is(tmp_path):
    with pytest.raises(InputError, match="two_level_mac"):
        exporters.export(nn.ReLU(), (torch.ones(1),), name="x", output=tmp_path, involution="nothing")


def test_names_are_listed_with_the_default_first_and_lowerings_say_why_they_are_exact():
    assert list(VALUES)[:2] == ["auto", "unfold"]
    assert set(VALUES) == {"auto", *lowerings()}
    assert len(VALUES) == len(list(VALUES))
    assert "nothing" not in VALUES
    assert all(len(each.mathematics) > 40 for each in lowerings().values())
