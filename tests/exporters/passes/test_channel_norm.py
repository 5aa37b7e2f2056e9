import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

IMAGE = {"x": (2, 4, 3, 5)}
OUT = {"y": (2, 4, 3, 5)}
NORM = (
    "m = ReduceMean(x, axis) d = Sub(x, m) q = Pow(d, two) v = ReduceMean(q, axis) a = Add(v, e) r = Sqrt(a) "
    "n = Div(d, r) s = Mul(g, n) y = Add(s, h)"
)
DONE = {"LayerNormalization": 1, "Transpose": 2}


def constants(weights, rank=4, channels=4, **others):
    along = (channels, *[1] * (rank - 2))
    return {
        "axis": np.array([1]),
        "two": np.array(2, np.float32),
        "e": np.array(1e-3, np.float32),
        "g": weights(*along, seed=5),
        "h": weights(*along, seed=6),
        **others,
    }


def permutations(done):
    return [onnx.helper.get_attribute_value(node.attribute[0]) for node in done.nodes("Transpose")]


@pytest.mark.parametrize(("rank", "perms"), [(3, [[0, 2, 1], [0, 2, 1]]), (4, [[0, 2, 3, 1], [0, 3, 1, 2]])])
def test_a_norm_over_channels_stands_between_transposes(tiny, rewritten, weights, rank, perms):
    shape = (2, 4, 3, 5)[:rank]
    model = tiny(NORM, {"x": shape}, {"y": shape}, constants(weights, rank))
    done = rewritten(model, "channel_norm")
    assert (done.count, done.ops, permutations(done)) == (1, DONE, perms)
    (norm,) = done.nodes("LayerNormalization")
    stated = {each.name: onnx.helper.get_attribute_value(each) for each in norm.attribute}
    assert stated == {"axis": -1, "epsilon": pytest.approx(1e-3)}
    assert done.constant(norm.input[1]).tolist() == weights(4, seed=5).tolist()


LEFT = {
    "over the last axis": {"axis": np.array([3]), "g": np.ones(5, np.float32), "h": np.ones(5, np.float32)},
    "over two axes": {"axis": np.array([1, 2])},
    "over all of the image": {"axis": np.array([1, 2, 3])},
}


@pytest.mark.parametrize("others", LEFT.values(), ids=LEFT)
def test_other_axes_stay(tiny, rewritten, weights, others):
    done = rewritten(tiny(NORM, IMAGE, OUT, constants(weights, **others)), "channel_norm")
    assert done.count == 0
    assert "LayerNormalization" not in done.ops


def test_a_scale_by_column_stays_behind_the_norm(tiny, rewritten, weights):
    done = rewritten(tiny(NORM, IMAGE, OUT, constants(weights, g=np.ones(5, np.float32))), "channel_norm")
    assert done.ops == {**DONE, "Add": 1, "Mul": 1}


def test_a_difference_that_something_else_reads_stays(tiny, rewritten, weights):
    model = tiny(f"{NORM} z = Exp(d)", IMAGE, {**OUT, "z": (2, 4, 3, 5)}, constants(weights))
    assert rewritten(model, "channel_norm").count == 0


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(2, 7), st.integers(1, 5), st.integers(1, 5)),
    seed=st.integers(0, 99),
)
def test_any_shape_keeps_its_outputs(tiny, rewritten, weights, *, shape, seed):
    model = tiny(NORM, {"x": shape}, {"y": shape}, constants(weights, channels=shape[1]))
    assert rewritten(model, "channel_norm", seed).ops == DONE


class Block(torch.nn.Module):
    """A depthwise convolution, a norm over channels written out, a 1x1 convolution."""

    def __init__(self):
        super().__init__()
        self.spread = torch.nn.Conv2d(4, 4, 3, padding=1, groups=4)
        self.mix = torch.nn.Conv2d(4, 6, 1)
        self.weight, self.bias = (torch.nn.Parameter(torch.randn(4)) for _ in range(2))

    def forward(self, x):
        x = self.spread(x)
        centred = x - x.mean(1, keepdim=True)
        x = centred / torch.sqrt(centred.pow(2).mean(1, keepdim=True) + 1e-6)
        return self.mix(self.weight[:, None, None] * x + self.bias[:, None, None])


@pytest.mark.parametrize(("target", "norms"), [("onnxruntime", 1), ("openvino", 0)])
def test_only_onnx_runtime_gets_it(export, target, norms):
    torch.manual_seed(0)
    artifact = export(Block(), torch.randn(2, 4, 5, 6), target=target)
    nodes = artifact.manifest["nodes"]["simplified"]
    assert nodes.get("LayerNormalization", 0) == norms
    assert nodes.get("Transpose", 0) == 2 * norms
    assert nodes.get("ReduceMean", 0) == 2 - 2 * norms
    assert "Mul" not in nodes  # the scale is in the 1x1 convolution either way
    assert artifact.manifest["parity"]["simplified"]["max_rel"] <= 1e-6
