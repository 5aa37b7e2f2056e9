import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import exporters
from exporters.execute import execute
from exporters.passes import passes

MOVES = {"Slice", "Concat", "Transpose", "Gather"}
ENDLESS = 2**62


def numbers(*values):
    return np.array(values, np.int64)


def roll(source, result, axis, by, size):
    """Return nodes that roll `source` forward by `by`, as torch's exporter does, and their constants."""
    body = (
        f"{result}h = Slice({source}, {result}s, {result}e, {result}a) "
        f"{result}t = Slice({source}, {result}z, {result}s, {result}a) "
        f"{result} = Concat<axis={axis}>({result}h, {result}t) "
    )
    held = {"s": -by % size, "e": ENDLESS, "z": 0, "a": axis}
    return body, {f"{result}{what}": numbers(value) for what, value in held.items()}


def rolled(axes, shape, channels_first=False):
    """Return a graph's text and constants: a roll over `axes` (axis to distance) between two computations."""
    body, held, at = "u = Exp(x) ", {}, "u"
    for axis, by in axes.items():
        more, constants = roll(at, f"r{axis}", axis, by, shape[axis])
        body, held, at = body + more, held | constants, f"r{axis}"
    return f"{body} y = Neg({at})", held


@pytest.mark.parametrize("axes", [{1: 2}, {2: -1}, {1: -2, 2: 3}, {2: 3, 1: -2}, {0: 1}])
def test_a_roll_of_rows_is_one_gather(tiny, rewritten, axes):
    shape = (2, 4, 5, 16)
    body, held = rolled(axes, shape)
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held), "one_gather")
    assert done.count == 1
    assert {op: count for op, count in done.ops.items() if op in MOVES} == {"Gather": 1}


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((2, 4, 5, 15), {2: 2}), ((2, 16, 4, 5), {2: 1, 3: 1}), ((2, 4, 5, 32), {3: 8})],
    ids=["short rows", "channels first", "within the rows"],
)
def test_a_roll_of_less_than_rows_stays(tiny, rewritten, shape, axes):
    body, held = rolled(axes, shape)
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held), "one_gather")
    assert done.count == 0


LEFT = {
    "a map joined to its edge": "u = Exp(x) "
    "c = Slice(u, zero, one, axis) d = Concat<axis=1>(u, c) y = Neg(d)",
    "two edges joined to a map": "u = Exp(x) c = Slice(u, zero, one, axis) e = Slice(u, one, two, axis) "
    "d = Concat<axis=1>(c, e, u) y = Neg(d)",
    "slices of two values": "u = Exp(x) v = Neg(x) c = Slice(u, zero, two, axis) "
    "e = Slice(v, two, end, axis) d = Concat<axis=1>(e, c) y = Neg(d)",
    "a slice that something else reads": "u = Exp(x) c = Slice(u, zero, two, axis) "
    "e = Slice(u, two, end, axis) f = Concat<axis=1>(e, c) g = Exp(c) h = Concat<axis=1>(g, e) "
    "d = Add(f, h) y = Neg(d)",
    "slices of computed places": "u = Exp(x) z = Add(zero, zero) c = Slice(u, z, two, axis) "
    "e = Slice(u, two, end, axis) d = Concat<axis=1>(e, c) y = Neg(d)",
}


@pytest.mark.parametrize("body", LEFT.values(), ids=LEFT)
def test_anything_else_stays(tiny, rewritten, body):
    held = {
        "zero": numbers(0),
        "one": numbers(1),
        "two": numbers(2),
        "end": numbers(ENDLESS),
        "axis": numbers(1),
    }
    more = {"d = Concat<axis=1>(u, c)": 1, "d = Concat<axis=1>(c, e, u)": 2}
    size = 4 + next((extra for text, extra in more.items() if text in body), 0)
    done = rewritten(tiny(body, {"x": (2, 4, 5, 16)}, {"y": (2, size, 5, 16)}, held), "one_gather")
    assert done.count == 0


def test_what_is_read_in_between_stays_for_its_readers(tiny, rewritten):
    shape = (2, 4, 5, 16)
    body, held = rolled({1: 1, 2: 1}, shape)
    done = rewritten(tiny(f"{body} z = Neg(r1)", {"x": shape}, {"y": shape, "z": shape}, held), "one_gather")
    assert done.count == 2
    assert {op: count for op, count in done.ops.items() if op in MOVES} == {"Gather": 2}


def test_a_roll_from_an_input_to_an_output_keeps_their_names(tiny, rewritten):
    shape = (2, 4, 5, 16)
    body, held = roll("x", "y", 1, 1, 4)
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held), "one_gather")
    assert [value.name for value in done.model.graph.output] == ["y"]
    assert done.ops["Gather"] == 1


def test_a_roll_all_the_way_round_is_no_move(tiny, rewritten):
    shape = (2, 4, 5, 16)
    body, held = rolled({1: 1}, shape)
    again, more = roll("r1", "b1", 1, -1, 4)
    body = body.replace("y = Neg(r1)", f"{again} y = Neg(b1)")
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held | more), "one_gather")
    assert not MOVES & set(done.ops)


@pytest.mark.parametrize(
    "bounds", [((0, 1), ENDLESS, 2, 2), ((-1, 3), -ENDLESS, -1, 4)], ids=["every second", "backwards"]
)
def test_slices_with_steps_are_followed(tiny, rewritten, bounds):
    firsts, end, step, size = bounds
    body = (
        "u = Exp(x) c = Slice(u, first, end, axis, step) e = Slice(u, second, end, axis, step) "
        "d = Concat<axis=-1>(c, e) y = Neg(d)"
    )
    held = {"first": firsts[0], "second": firsts[1], "end": end, "axis": 1, "step": step}
    held = {name: numbers(value) for name, value in held.items()}
    done = rewritten(tiny(body, {"x": (2, 4, 5, 16)}, {"y": (2, size, 5, 32)}, held), "one_gather")
    assert done.count == 1
    assert done.ops["Gather"] == 1


def cut(x, side):
    """Return the windows (N * windows, side^2, C) of maps (N, H, W, C), as Swin's code cuts them."""
    count, height, width, channels = x.shape
    x = x.view(count, height // side, side, width // side, side, channels)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, side * side, channels)


def joined(x, shape, side):
    count, height, width, channels = shape
    x = x.view(count, height // side, width // side, side, side, channels)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(shape)


class Shifted(torch.nn.Module):
    """What Swin's code does around the attention of a shifted block, on a map channels first or last."""

    def __init__(self, first):
        super().__init__()
        self.first = first
        self.linear = torch.nn.Linear(32, 32)
        self.conv = torch.nn.Conv2d(32, 32, 1)

    def forward(self, x):
        if self.first:
            return self.channels_first(self.conv(x))
        y = self.linear(cut(torch.roll(x, (-1, -1), (1, 2)), 2))
        return x + torch.roll(joined(y, x.shape, 2), (1, 1), (1, 2))

    def channels_first(self, x):
        count, channels, height, width = x.shape
        y = torch.roll(x, (-1, -1), (2, 3)).reshape(count, 2, channels // 2, height // 2, 2, width // 2, 2)
        y = y.permute(0, 3, 5, 1, 4, 6, 2).reshape(-1, 2, 4, channels // 2)
        return y.softmax(2)


@pytest.mark.parametrize("first", [False, True])
def test_shifted_windows_as_torch_exports_them(tmp_path, first):
    shape = (2, 32, 4, 6) if first else (2, 4, 6, 32)
    torch.manual_seed(0)
    module, x = Shifted(first).eval(), torch.randn(shape)
    made = exporters.export(module, (x,), name="shifted", output=tmp_path, target="onnxruntime")
    nodes = made.manifest["nodes"]
    assert (nodes["cleaned"]["Slice"], nodes["cleaned"]["Concat"]) == ((4, 2) if first else (8, 4))
    left = {op: count for op, count in nodes["simplified"].items() if op in MOVES}
    assert left == ({"Transpose": 1, "Gather": 1} if first else {"Gather": 2})
    exact = module.double()(x.double()).detach().numpy()
    (found,) = execute(str(made.path), {made.manifest["inputs"][0]["name"]: x.numpy()}).values()
    assert np.abs(found - exact).max() <= 1e-6 * np.abs(exact).max()


def test_equal_indices_are_one_constant(tiny, rewritten):
    shape = (2, 4, 5, 16)
    body, held = rolled({1: 1, 2: 1}, shape)
    again, more = "", {}
    at = "y1"
    for axis in (1, 2):
        text, constants = roll(at, f"q{axis}", axis, 1, shape[axis])
        again, more, at = again + text, more | constants, f"q{axis}"
    body = f"{body.replace('y = ', 'y1 = ')} {again} y = Neg(q2)"
    done = rewritten(tiny(body, {"x": shape}, {"y": shape}, held | more), "one_gather")
    assert done.count == 2
    assert len({node.input[1] for node in done.nodes("Gather")}) == 1


@settings(max_examples=25, deadline=None)
@given(
    grid=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    side=st.integers(1, 3),
    by=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
    channels=st.sampled_from([16, 24, 40]),
)
def test_any_shifted_windows_are_moved_to_the_bit(tiny, grid, side, by, channels):
    import onnx_ir as ir

    count, rows, columns = grid
    shape = (count, rows * side, columns * side, channels)
    body, held = rolled(dict(zip((1, 2), by, strict=True)), shape)
    body = body.replace("y = Neg(r2)", "a = Reshape(r2, apart) b = Transpose<perm=[0, 1, 3, 2, 4, 5]>(a) ")
    body += "c = Reshape(b, windows) y = Neg(c)"
    after = (count * rows * columns, side * side, channels)
    held |= {"apart": numbers(count, rows, side, columns, side, channels), "windows": numbers(*after)}
    model = tiny(body, {"x": shape}, {"y": after}, held)
    graph = ir.from_proto(model)
    assert passes()["one_gather"].apply(graph) == 1
    x = {"x": np.random.default_rng(0).standard_normal(shape).astype(np.float32)}
    before, now = (execute(each.SerializeToString(), x)["y"] for each in (model, ir.to_proto(graph)))
    assert (before == now).all()
    assert {node.op_type for node in graph.graph} <= {"Exp", "Neg", "Reshape", "Gather"}
