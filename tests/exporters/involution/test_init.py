"""Every lowering of an involution against eager PyTorch, in ONNX Runtime, through a whole export."""

from collections import Counter

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import exporters
from exporters.capture import capture
from exporters.errors import InputError
from exporters.execute import execute
from exporters.involution import flat_slices, flat_views, lowerings, tiled
from exporters.involution.base import Involution
from exporters.involution.choice import chooser
from exporters.involution.flat import grid
from exporters.involution.lower import lower
from exporters.involution.match import sites
from exporters.involution.name import VALUES
from exporters.simplify import simplify
from exporters.targets import TARGETS

CHANNELS, MEMBERS = 8, 4


class Somebody(nn.Module):
    """An involution in one of the forms that people write."""

    def __init__(self, form, kernel, stride=1, channels=CHANNELS, dilation=1):
        super().__init__()
        self.form, self.kernel, self.stride, self.groups = form, kernel, stride, channels // MEMBERS
        self.dilation = dilation
        self.make = nn.Conv2d(channels, kernel * kernel * self.groups, 1)

    def forward(self, x):
        kernel, groups, taps = self.kernel, self.groups, self.kernel**2
        weights = self.make(F.avg_pool2d(x, self.stride) if self.stride > 1 else x)
        batch, _, high, wide = weights.shape
        if self.form == "slices":
            padded = F.pad(x, [kernel // 2] * 4)
            parts = [
                padded[
                    :, :, u : u + self.stride * high : self.stride, v : v + self.stride * wide : self.stride
                ]
                for u in range(kernel)
                for v in range(kernel)
            ]
            windows = torch.stack(parts, 2)
        else:
            reach = kernel // 2 * self.dilation
            windows = F.unfold(x, kernel, self.dilation, reach, self.stride)
        windows = windows.reshape(batch, groups, -1, taps, high, wide)
        if self.form == "einsum":
            weights = weights.view(batch, groups, taps, high, wide)
            return torch.einsum("bgtij,bgctij->bgcij", weights, windows).flatten(1, 2)
        if self.form == "matmul":
            weights = weights.view(batch, groups, taps, -1).transpose(2, 3).unsqueeze(3)
            met = weights @ windows.flatten(4).permute(0, 1, 4, 3, 2)
            return met.squeeze(3).transpose(2, 3).reshape(batch, -1, high, wide)
        if self.form == "taps first":
            weights = weights.view(batch, taps, groups, high, wide).transpose(1, 2)
        weights = weights.reshape(batch, groups, 1, taps, high, wide)
        return (weights * windows).sum(3).flatten(1, 2)


def graph_of(module, x):
    """Return the captured, cleaned graph, with its inputs and the eager output."""
    captured = capture(module.eval(), (x,), 20)
    model = simplify(ir.to_proto(captured.model), gemm=False)
    return model, captured.inputs, next(iter(captured.outputs.values()))


def lowered(model, name):
    """Return the graph with its one involution in the form `name`."""
    graph = ir.from_proto(model)
    (told,) = lower(graph, chooser(name, "portable"), name)
    made = simplify(ir.to_proto(graph))
    onnx.checker.check_model(made, full_check=True)
    return made, told


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
def published(request):
    kernel, stride, size = request.param
    torch.manual_seed(0)
    return graph_of(Somebody("published", kernel, stride), torch.randn(2, CHANNELS, *size))


@pytest.mark.parametrize("name", [name for name in VALUES if name != "auto"])
def test_every_lowering_gives_the_eager_output(published, name):
    model, inputs, expected = published
    made, told = lowered(model, name)
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == name or (told.used == "unfold" and f"not {name}, because" in told.reason)


@pytest.fixture(scope="module", params=[1, 2])
def dilated(request):
    torch.manual_seed(0)
    return graph_of(Somebody("published", 3, request.param, dilation=2), torch.randn(1, CHANNELS, 8, 10))


@pytest.mark.parametrize("name", list(lowerings()))
def test_every_lowering_keeps_a_dilation(dilated, name):
    model, inputs, expected = dilated
    (site,) = sites(ir.from_proto(model))
    assert site.op.dilation == (2, 2)
    made, told = lowered(model, name)
    (output,) = execute(made.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == name or f"not {name}, because" in told.reason


@pytest.mark.parametrize("form", ["published", "einsum", "matmul", "taps first", "slices"])
@pytest.mark.parametrize("stride", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_is_found_whoever_wrote_it(form, stride):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(Somebody(form, 3, stride), torch.randn(1, CHANNELS, 6, 8))
    (site,) = sites(ir.from_proto(model))
    assert (site.op.kernel, site.op.stride, site.op.groups) == ((3, 3), (stride, stride), 2)
    assert site.op.pads == ((1, 1, 1, 1) if stride == 1 else (1, 1, 0, 0))
    for name in ("two_level_mac", "two_level", "banded", "flat_slices", "tiled"):
        made, told = lowered(model, name)
        (output,) = execute(made.SerializeToString(), inputs).values()
        assert told.used == name
        assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()


class Near(nn.Module):
    """What looks like an involution and is none."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.make = nn.Conv2d(CHANNELS, 9 * CHANNELS, 1)

    def forward(self, x):
        batch, channels, high, wide = x.shape
        windows = F.unfold(x, 3, padding=1).view(batch, channels, 9, high, wide)
        weights = self.make(x).view(batch, channels, 9, high, wide)
        if self.kind == "turned":
            weights = weights.transpose(3, 4)
        if self.kind == "rolled":
            windows = windows.roll(1, 1)
        if self.kind == "halved":
            return (weights * windows)[:, :, :5].sum(2)
        return (
            (weights * windows).sum((2, 3))[:, :, None] if self.kind == "rows" else (weights * windows).sum(2)
        )


@pytest.mark.parametrize("kind", ["turned", "rolled", "rows", "halved"])
def test_what_only_looks_like_one_is_left_alone(kind):
    model, _, _ = graph_of(Near(kind), torch.randn(1, CHANNELS, 6, 6))
    assert sites(ir.from_proto(model)) == []


def test_kernels_of_every_channel_are_groups_of_one():
    model, _, _ = graph_of(Near("plain"), torch.randn(1, CHANNELS, 6, 6))
    (site,) = sites(ir.from_proto(model))
    assert (site.op.groups, site.op.members) == (CHANNELS, 1)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(target, marks=() if target in ("onnxruntime", "openvino") else pytest.mark.slow)
        for target in TARGETS
    ],
)
def test_auto_leaves_no_window_copied_out(target, tmp_path):
    torch.manual_seed(0)
    module, x = Somebody("published", 5), torch.randn(1, CHANNELS, 16, 18)
    made = exporters.export(module, (x,), name="one", output=tmp_path, target=target)
    plain = exporters.export(module, (x,), name="two", output=tmp_path, target=target, involution="unfold")
    (site,) = made.manifest["involutions"]
    assert site["asked"] == "auto"
    used = {"onnxruntime": "flat_slices", "openvino": "flat_views"}
    assert site["used"] == used.get(target, "two_level_mac")
    assert "Gather" not in made.manifest["nodes"]["simplified"]
    assert "Gather" in plain.manifest["nodes"]["simplified"]
    assert made.manifest["parity"]["involution"]["max_rel"] <= 1e-6


def test_a_small_map_becomes_one_product_and_a_long_stride_stays_unfolded_where_it_must():
    torch.manual_seed(0)
    model, _, _ = graph_of(Somebody("published", 5), torch.randn(1, CHANNELS, 7, 7))
    assert lowered(model, "auto")[1].used == "banded"
    model, _, _ = graph_of(Somebody("published", 3, 2), torch.randn(1, CHANNELS, 32, 32))
    made, told = lowered(model, "row_sums")
    assert (told.used, told.asked) == ("unfold", "row_sums")
    assert "stride" in told.reason
    assert "mostly zeros" in lowered(model, "banded")[1].reason
    assert any(node.op_type == "ReduceSum" for node in made.graph.node)


def test_wide_windows_of_many_channels_become_products_of_tiles_except_in_openvino():
    torch.manual_seed(0)
    model, _, _ = graph_of(Somebody("published", 7), torch.randn(1, CHANNELS, 7, 18))
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


def least_grid(op, axis):
    """Return the least length of a line with which all that its taps read, line after line, is right."""
    size, stride, step, before = op.shape[2 + axis], op.stride[axis], op.dilation[axis], op.pads[axis]
    reads = [stride * place + step * tap for place in range(op.out[axis]) for tap in range(op.kernel[axis])]
    for length in range(op.out[axis], max(reads) // stride + 2):
        line = np.zeros(stride * length)
        held = line[before : before + size]
        held[:] = np.arange(1, len(held) + 1)
        phases = [np.tile(line[phase::stride], 3) for phase in range(stride)]
        if all(
            phases[at % stride][at // stride] == (at - before + 1) * (0 <= at - before < size) for at in reads
        ):
            return length
    return None


@pytest.mark.parametrize("size", [5, 7, 8, 16])
@pytest.mark.parametrize(("stride", "step"), [(1, 1), (2, 1), (1, 2), (3, 1), (2, 2)])
@pytest.mark.parametrize("kernel", [1, 2, 3, 7])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_the_planes_of_the_flat_forms_are_as_small_as_they_can_be(size, stride, step, kernel, before):
    before = min(before, step * (kernel - 1))
    count = (size + before - 1) // stride + 1
    after = max(0, stride * (count - 1) + step * (kernel - 1) + 1 - before - size)
    pads, pair = (before, before, after, after), (count, count)
    op = Involution((1, 4, size, size), 2, (kernel, kernel), pair, (stride, stride), (step, step), pads)
    assert grid(op) == (least_grid(op, 0), least_grid(op, 1))


@pytest.mark.parametrize("module", [flat_slices, flat_views])
def test_a_map_as_large_as_a_cache_is_summed_in_chunks_of_groups(monkeypatch, module):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(Somebody("published", 3, 1), torch.randn(1, CHANNELS, 6, 8))
    whole, _ = lowered(model, module.LOWERING.name)
    monkeypatch.setattr(module, "LARGEST", 4 * 7 * 9)
    halves, _ = lowered(model, module.LOWERING.name)
    count = [sum(node.op_type == "Mul" for node in each.graph.node) for each in (whole, halves)]
    assert count == [9, 18]
    (output,) = execute(halves.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize(("size", "stride", "step"), [(9, 1, 1), (16, 2, 1), (17, 1, 2), (20, 3, 2)])
def test_rows_that_are_a_stride_too_long_make_the_matrix_of_a_tile(size, stride, step):
    kernel, count = 3, (size - 1) // stride + 1
    reach = stride * (count - 1) + step * (kernel - 1) + 1
    op = Involution(
        (1, 4, size, size), 1, (kernel, kernel), (count, count), (stride, stride), (step, step), (step,) * 4
    )
    tiles, width = tiled.tiling(op)
    assert width <= tiled.WIDEST
    assert tiles * width >= count > (tiles - 1) * width
    assert (tiles - 1) * width * stride + tiled.span(op) >= reach
    weights = 1 + np.arange(width * op.taps).reshape(width, op.taps)
    rows = np.column_stack((weights, np.zeros(width)))[:, tiled.order(op)]
    made = rows.ravel()[: width * tiled.places(op)].reshape(width, kernel, tiled.span(op))
    wanted = np.zeros_like(made)
    for pixel in range(width):
        for tap, weight in enumerate(weights[pixel]):
            wanted[pixel, tap // kernel, pixel * stride + step * (tap % kernel)] = weight
    assert (made == wanted).all()


def test_a_large_map_is_multiplied_in_chunks_of_groups(monkeypatch):
    torch.manual_seed(0)
    model, inputs, expected = graph_of(Somebody("matmul", 3), torch.randn(1, CHANNELS, 6, 11))
    monkeypatch.setattr(tiled, "LARGEST", MEMBERS * 6 * 2 * 3 * 8)
    halves, told = lowered(model, "tiled")
    assert sum(node.op_type == "Gather" for node in halves.graph.node) == 2
    (output,) = execute(halves.SerializeToString(), inputs).values()
    assert np.abs(output - expected).max() <= 1e-6 * np.abs(expected).max()
    assert told.used == "tiled"


def test_an_unknown_lowering_is_told_what_there_is(tmp_path):
    with pytest.raises(InputError, match="two_level_mac"):
        exporters.export(nn.ReLU(), (torch.ones(1),), name="x", output=tmp_path, involution="nothing")


def test_names_are_listed_with_the_default_first_and_lowerings_say_why_they_are_exact():
    assert list(VALUES)[:2] == ["auto", "unfold"]
    assert set(VALUES) == {"auto", *lowerings()}
    assert len(VALUES) == len(list(VALUES))
    assert "nothing" not in VALUES
    assert all(len(each.mathematics) > 40 for each in lowerings().values())
