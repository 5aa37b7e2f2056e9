import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import exporters
from exporters.parity import compare
from exporters.passes import passes
from exporters.targets import TARGETS
from latbench.zoo.create import create_model, example_input
from latbench.zoo.registry import spec

C, R, SIDE = 16, 3, 6
DIFFERENT = {chosen: target for target, chosen in TARGETS.items()}.values()
"""One target for each set of passes."""


class Modulated(nn.Module):
    """A residual block after a norm: a depthwise context meets each of R groups of C channels."""

    def __init__(self, layout, context):
        super().__init__()
        self.last = layout == "channels_last"
        self.stem = nn.LayerNorm(C)
        self.norm = nn.LayerNorm(C)
        self.inner = self.linear(C, R * C)
        self.enter, self.leave = self.linear(C, context), self.linear(context, C)
        self.around = nn.Conv2d(context, context, 3, padding=1, groups=context)
        self.outer = self.linear(R * C, C)
        self.scale = nn.Parameter(torch.full((C,) if self.last else (C, 1, 1), 0.5))
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
        self.requires_grad_(False)

    def linear(self, inside, outside):
        return nn.Linear(inside, outside) if self.last else nn.Conv2d(inside, outside, 1)

    def forward(self, x):
        return self.forward_last(x) if self.last else self.forward_first(x)

    def forward_last(self, x):
        x = self.stem(x)
        y = self.norm(x)
        turned = nn.functional.gelu(self.enter(y)).permute(0, 3, 1, 2)
        context = self.leave(nn.functional.gelu(self.around(turned)).permute(0, 2, 3, 1))
        values = nn.functional.gelu(self.inner(y)).unflatten(-1, (R, C))
        return x + self.outer((values * context.unsqueeze(3)).flatten(3)) * self.scale

    def forward_first(self, x):
        x = self.stem(x).permute(0, 3, 1, 2)
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        context = self.leave(nn.functional.gelu(self.around(nn.functional.gelu(self.enter(y)))))
        values = nn.functional.gelu(self.inner(y)).unflatten(1, (R, C))
        return x + self.outer((values * context.unsqueeze(1)).flatten(1, 2)) * self.scale


def run_both(artifact):
    """Check that ONNX Runtime and OpenVINO, all their optimisations on, reproduce the reference."""
    import openvino

    with np.load(artifact.reference) as arrays:
        (given,) = (arrays[name] for name in arrays if name.startswith("input:"))
        (expected,) = (arrays[name] for name in arrays if name.startswith("output:"))
    session = onnxruntime.InferenceSession(artifact.path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: given})
    assert compare({"y": found}, {"y": expected}).max_rel <= 1e-4
    core = openvino.Core()
    compiled = core.compile_model(str(artifact.path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    assert compare({"y": compiled([given])[0]}, {"y": expected}).max_rel <= 1e-4


def tiles(artifact):
    return {stage: nodes.get("Tile", 0) for stage, nodes in artifact.manifest["nodes"].items()}


def test_the_passes_are_found_by_name():
    assert list(passes()) == [
        "affine_into_conv",
        "blocked_entry",
        "cancel_transposes",
        "channel_norm",
        "expand_narrow",
        "fold_norm",
        "fold_scale",
        "gelu",
        "group_norm",
        "layer_norm",
        "linear_residual",
        "norm_into_conv",
        "norm_through_concat",
        "one_gather",
        "one_transpose",
        "pad_depthwise",
        "pointwise_matmul",
        "scale_into_product",
        "split_groups",
        "spread_pixels",
    ]


@pytest.mark.parametrize("target", DIFFERENT)
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
def test_a_block_in_either_layout_reproduces_eager_after_each_set_of_passes(tmp_path, target, layout):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1, SIDE, SIDE, C)).astype(np.float32))
    module = Modulated(layout, context=C if layout == "channels_first" else 6)
    artifact = exporters.export(module, (x,), name="block", output=tmp_path, target=target)
    nodes = artifact.manifest["nodes"]
    assert nodes["lowered"].get("Mul", 0) <= (R if target == "onnxruntime" else 1), (
        "the layer-scale is folded"
    )
    if target == "onnxruntime":
        assert nodes["lowered"].get("Reshape", 0) == (0 if layout == "channels_first" else 2)
        assert nodes["lowered"].get("Expand", 0) == (0 if layout == "channels_first" else 1)
    if layout == "channels_last":
        groups = [
            attribute.i
            for node in onnx.load(artifact.path).graph.node
            for attribute in node.attribute
            if attribute.name == "group"
        ]
        assert 16 in groups, "6 channels are padded to 16"
    run_both(artifact)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["efficientmod_xxs", "mbconv_iso_196x11"])
def test_a_model_of_the_zoo_reproduces_eager_on_every_target(tmp_path, target, name):
    model = create_model(name, **spec(name).forms_for(target))
    inputs = (example_input(spec(name)),)
    artifact = exporters.export(model, inputs, name=name, output=tmp_path, target=target)
    assert all(parity["max_rel"] <= 1e-4 for parity in artifact.manifest["parity"].values())
    assert artifact.manifest["sensitivity"] > 0.01
    assert not any(tiles(artifact).values())
    run_both(artifact)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("expand", "tiled"), [("broadcast", False), ("repeat", True)])
def test_only_the_published_form_copies_its_context(tmp_path, layout, expand, tiled):
    model = create_model("efficientmod_xxs", expand=expand, layout=layout)
    inputs = (example_input(spec("efficientmod_xxs")),)
    artifact = exporters.export(model, inputs, name="efficientmod_xxs", output=tmp_path)
    assert {count > 0 for count in tiles(artifact).values()} == {tiled}
    run_both(artifact)
