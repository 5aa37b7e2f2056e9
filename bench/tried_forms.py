"""The forms of ParC that `tried.py` times: those not written, parts of those that are, and the lowerings."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.base import Circular
    from exporters.lowerings.builder import Builder

Fill = Callable[["Builder", "ir.Value", "Circular"], "ir.Value"]
CHANNELS = 64


def operator(axis: str, size: int) -> "Circular":
    """Return a depthwise operator on (1, 64, size, size) with seeded taps and shift."""
    from exporters.lowerings.base import Circular

    rng = np.random.default_rng(0)
    taps = rng.standard_normal((CHANNELS, size)) / np.sqrt(size)
    return Circular(axis, (1, CHANNELS, size, size), taps, rng.standard_normal((CHANNELS, size)))


def bare(op: "Circular") -> "Circular":
    """Return `op` without what it adds."""
    from exporters.lowerings.base import Circular

    return Circular(op.axis, op.shape, op.weight)


def lowered(name: str) -> Fill:
    """Return the lowering `name`."""
    from exporters.lowerings import lowerings
    from exporters.lowerings.chunks import chunked
    from exporters.lowerings.name import parse

    choice = parse(name)

    def fill(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
        return chunked(builder, x, op, lowerings()[choice.lowering], choice.factor, choice.chunk)

    return fill


def scanned(factor: int, chunk: int) -> Fill:
    """Return crt4 of `chunk` channels at a time as the body of a Scan, which copies no chunk."""
    from exporters.lowerings.dft import pair_products, pair_rows, shifted

    def fill(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
        import onnx_ir as ir

        _batch, channels, height, width = op.shape
        turns, inner, other = channels // chunk, op.length // factor, op.other
        products = pair_products(op.weight, factor)
        products = products.reshape(turns, chunk, *products.shape[1:])
        floats = ir.TensorType(ir.DataType.FLOAT)
        taken = ir.Value(name="taken", shape=ir.Shape((chunk, height, width)), type=floats)
        matrices = ir.Value(name="matrices", shape=ir.Shape(products.shape[1:]), type=floats)
        nodes: list[ir.Node] = []

        def add(op_type: str, *inputs: ir.Value, **attributes: Any) -> ir.Value:
            node = ir.node(op_type, inputs, attributes, name=f"body.{len(nodes)}")
            node.outputs[0].name = f"body.{len(nodes)}.out"
            nodes.append(node)
            return node.outputs[0]

        def shaped(value: ir.Value, *shape: int) -> ir.Value:
            return add("Reshape", value, builder.integers(shape))

        rows = builder.floats(pair_rows(factor))
        back = builder.floats(pair_rows(factor).T)
        value = taken if op.axis == "h" else add("Transpose", taken, perm=[0, 2, 1])
        value = add("MatMul", rows, shaped(value, chunk, factor, inner * other))
        value = add("MatMul", matrices, shaped(value, chunk, factor // 2, 2 * inner, other))
        value = add("MatMul", back, shaped(value, chunk, factor, inner * other))
        value = shaped(value, chunk, op.length, other)
        value = value if op.axis == "h" else add("Transpose", value, perm=[0, 2, 1])
        value.shape, value.type = ir.Shape((chunk, height, width)), floats
        body = ir.Graph([taken, matrices], [value], nodes=nodes, name="body")
        sources = [builder.reshape(x, turns, chunk, height, width), builder.floats(products)]
        attributes = [ir.AttrGraph("body", body), ir.AttrInt64("num_scan_inputs", 2)]
        scan = ir.Node("", "Scan", sources, attributes, num_outputs=1, name="scan")
        scan.outputs[0].name, scan.outputs[0].type = "scanned", floats
        producer = sources[0].producer()
        assert producer is not None
        assert producer.graph is not None
        producer.graph.insert_after(producer, scan)
        return shifted(builder, builder.reshape(scan.outputs[0], *op.shape), op)

    return fill


def between(pointwise: str, inner: Fill) -> Fill:
    """Return `inner` between two 1x1 convolutions with seeded weights, written as `pointwise` says."""
    from exporters.lowerings.base import Circular
    from exporters.lowerings.dft import shifted

    rng = np.random.default_rng(5)
    first, second = (rng.standard_normal((CHANNELS, CHANNELS)) / np.sqrt(CHANNELS) for _ in range(2))
    before, after = (rng.standard_normal(CHANNELS) for _ in range(2))

    def mixed(
        builder: "Builder",
        value: "ir.Value",
        shape: Sequence[int],
        weight: np.ndarray,
        bias: np.ndarray | None,
    ) -> "ir.Value":
        given = [] if bias is None else [builder.floats(bias)]
        if pointwise == "conv":
            return builder.node(
                "Conv", value, builder.floats(weight[:, :, None, None]), *given, kernel_shape=[1, 1]
            )
        flat = builder.reshape(value, 1, CHANNELS, -1)
        if pointwise == "gemm":
            assert bias is not None
            flat = builder.reshape(value, CHANNELS, -1)
            flat = builder.node("Gemm", builder.floats(weight), flat, builder.floats(bias[:, None]))
        elif pointwise == "conv1d":
            flat = builder.node("Conv", flat, builder.floats(weight[:, :, None]), *given, kernel_shape=[1])
        else:
            flat = builder.node("MatMul", builder.floats(weight), flat)
            if bias is not None:
                flat = builder.node("Add", flat, builder.floats(bias[:, None]))
        return builder.reshape(flat, *shape)

    def fill(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
        if pointwise != "folded":
            value = inner(builder, mixed(builder, x, op.shape, first, before), op)
            return mixed(builder, value, op.shape, second, after)
        assert op.shift is not None
        carried = op.shift + (before * op.weight.sum(axis=1))[:, None]
        value = inner(builder, mixed(builder, x, op.shape, first, None), bare(op))
        value = mixed(builder, value, op.shape, second, None)
        behind = second @ carried + after[:, None]
        return shifted(builder, value, Circular(op.axis, op.shape, op.weight, behind))

    return fill


def full(name: str) -> Fill:
    """Return the lowering `name` with what it adds written out for every place."""

    def fill(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
        assert op.shift is not None
        shift = op.shift[:, :, None] if op.axis == "h" else op.shift[:, None, :]
        added = builder.floats(np.broadcast_to(shift, op.shape[1:])[None])
        return builder.node("Add", lowered(name)(builder, x, bare(op)), added)

    return fill


def by_channels(write: Fill) -> Fill:
    """Return `write` of as many channels at a time as `_ch` takes."""
    from exporters.lowerings.base import FOURIER, Lowering
    from exporters.lowerings.chunks import chunked

    form = Lowering("tried", FOURIER, lambda builder, x, op, _factor: write(builder, x, op), "")
    return lambda builder, x, op: chunked(builder, x, op, form, None, "auto")


def quarters(builder: "Builder", x: "ir.Value", op: "Circular") -> "list[ir.Value]":
    """Return x0 + x2, x1 + x3, x0 - x2 and x1 - x3 of the quarters of x along W."""
    x0, x1, x2, x3 = builder.split(x, [op.length // 4] * 4, 3)
    whole = [builder.node("Add", *pair) for pair in ((x0, x2), (x1, x3))]
    half = [builder.node("Sub", *pair) for pair in ((x0, x2), (x1, x3))]
    return [*whole, *half]


def times(builder: "Builder", x: "ir.Value", matrices: np.ndarray) -> "ir.Value":
    """Return x times the transpose of one matrix a channel."""
    return builder.node("MatMul", x, builder.floats(matrices.swapaxes(-1, -2)))


def thirds(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
    """Return y along W modulo z^(N/4) - 1, z^(N/4) + 1 and z^(N/2) + 1, put together by broadcasting."""
    from exporters.lowerings.dft import blocks

    batch, channels, height, _width = op.shape
    part, place = op.length // 4, (batch, channels, height)
    t0, t1, d0, d1 = quarters(builder, x, op)
    first, second = np.moveaxis(blocks(op.weight, 2), -3, 0)
    same, other = (first + second) / 2, (first - second) / 2
    near, far = same[:, :part, :part], same[:, :part, part:]
    u = times(builder, builder.node("Add", t0, t1), (near + far) / 2)
    v = times(builder, builder.node("Sub", t0, t1), (near - far) / 2)
    odd = [times(builder, d, m) for d, m in ((d0, other[:, :, :part]), (d1, other[:, :, part:]))]
    signs = builder.floats(np.array([1, -1]).reshape(2, 1))
    outer = builder.floats(np.array([1, -1]).reshape(2, 1, 1))
    y = builder.node(
        "Add",
        builder.reshape(u, *place, 1, 1, part),
        builder.node("Mul", builder.reshape(v, *place, 1, 1, part), signs),
    )
    both = builder.reshape(builder.node("Add", *odd), *place, 1, 2, part)
    y = builder.node("Add", y, builder.node("Mul", both, outer))
    assert op.shift is not None
    y = builder.node("Add", y, builder.floats(op.shift.reshape(1, channels, 1, 2, 2, part)))
    return builder.reshape(y, *op.shape)


def sums(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
    """Return crtk_4 along W, its transforms written as sums and differences of quarters."""
    from exporters.lowerings.dft import shifted, spectrum

    t0, t1, d0, d1 = quarters(builder, x, op)
    residues = np.moveaxis(spectrum(op.weight, 4), -3, 0)
    real, imaginary = residues.real, residues.imag
    u = times(builder, builder.node("Add", t0, t1), real[0] / 4)
    v = times(builder, builder.node("Sub", t0, t1), real[2] / 4)
    joint = times(builder, builder.node("Add", d0, d1), real[1] / 2)
    one = builder.node("Add", joint, times(builder, d1, (imaginary[1] - real[1]) / 2))
    two = builder.node("Sub", joint, times(builder, d0, (imaginary[1] + real[1]) / 2))
    even, odd = builder.node("Add", u, v), builder.node("Sub", u, v)
    parts = [("Add", even, one), ("Add", odd, two), ("Sub", even, one), ("Sub", odd, two)]
    y = builder.node("Concat", *(builder.node(kind, *pair) for kind, *pair in parts), axis=3)
    return shifted(builder, y, op)


def part(name: str) -> Fill:
    """Return what writes a part of a lowering, of those in `BOUNDS`."""
    from exporters.lowerings.dft import pair_rows

    def fill(builder: "Builder", x: "ir.Value", op: "Circular") -> "ir.Value":
        if name == "copy":
            return builder.reshape(x, *op.shape)
        if name == "transposes":
            moved = builder.node("Relu", builder.transpose(x, 0, 1, 3, 2))  # else the two cancel
            return builder.transpose(moved, 0, 1, 3, 2)
        factor = int(name.split()[1])
        rows, shape = pair_rows(factor), (1, CHANNELS, factor, -1)
        there = builder.node("MatMul", builder.floats(rows), builder.reshape(x, *shape))
        return builder.reshape(builder.node("MatMul", builder.floats(rows.T), there), *op.shape)

    return fill
