"""An involution as people write it, its graph, and the graph in a form asked for."""

import onnx
import onnx_ir as ir
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from exporters.capture import capture
from exporters.involution.choice import chooser
from exporters.involution.lower import lower
from exporters.simplify import simplify


class Somebody(nn.Module):
    """An involution in one of the forms that people write, its kernels shared by 4 channels."""

    def __init__(self, form, kernel, stride=1, channels=8, dilation=1):
        super().__init__()
        self.form, self.kernel, self.stride, self.groups = form, kernel, stride, channels // 4
        self.dilation = dilation
        self.make = nn.Conv2d(channels, kernel * kernel * self.groups, 1)

    def forward(self, x):
        kernel, groups, taps = self.kernel, self.groups, self.kernel**2
        even = x.shape[2] % self.stride == x.shape[3] % self.stride == 0
        weights = self.make(F.avg_pool2d(x, self.stride) if even else x[:, :, :: self.stride, :: self.stride])
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


@pytest.fixture(scope="session")
def somebody():
    return Somebody


@pytest.fixture(scope="session")
def graph_of():
    """Return what makes of a module and an input the cleaned graph, its inputs and the eager output."""

    def make(module, x):
        captured = capture(module.eval(), (x,), 20)
        model = simplify(ir.to_proto(captured.model), gemm=False)
        return model, captured.inputs, next(iter(captured.outputs.values()))

    return make


@pytest.fixture(scope="session")
def lowered():
    """Return what gives a graph's one involution a form by name, and what became of it."""

    def make(model, name):
        graph = ir.from_proto(model)
        (told,) = lower(graph, chooser(name, "portable"), name)
        made = simplify(ir.to_proto(graph))
        onnx.checker.check_model(made, full_check=True)
        return made, told

    return make
