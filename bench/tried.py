"""Prints what forms of ParC that latbench does not write would gain over those that it does.

Run by `make bench-tried`. Each is written out here and takes turns with the form it would replace in one
process, one thread, float32; a ratio is the time of that form / its own, above 1 where it is faster: the
median over fresh processes of the ratio of medians, and the range. `apart` is how far the outputs of the two
lie apart. docs/lowerings.md says what came of it.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

    from exporters.lowerings.base import Circular
    from exporters.lowerings.builder import Builder

Fill = Callable[["Builder", "ir.Value", "Circular"], "ir.Value"]
OPSET, CHANNELS, FEWEST = 20, 64, 8


@dataclass(frozen=True)
class Trial:
    """One form held against another: what is tried, for which operator, on which runtime."""

    what: str
    runtime: str
    axis: str
    size: int
    form: str
    instead: str


TRIALS = (
    *(
        Trial("Scan over chunks", "onnxruntime", axis, size, f"scan {chunk}", "crt4_16_ch")
        for axis, size, chunk in (("h", 224, 4), ("h", 448, 1), ("w", 224, 4), ("w", 448, 1))
    ),
    *(
        Trial("1x1 convolutions along one axis", runtime, "h", size, "conv1d", "conv")
        for runtime in ("onnxruntime", "openvino")
        for size in (56, 112)
    ),
    *(
        Trial("one bias behind both 1x1 convolutions", runtime, axis, size, "folded", "matmul")
        for runtime in ("onnxruntime", "openvino")
        for axis in "hw"
        for size in (56, 112)
    ),
    *(Trial("shift of full size", "onnxruntime", "h", size, "full shift", "circulant") for size in (56, 112)),
    *(
        Trial("1x1 convolutions as Gemm with a bias", "openvino", "w", size, "gemm", "matmul")
        for size in (112, 224)
    ),
    *(
        Trial("sums and differences twice", "openvino", "w", size, "thirds", "crt2b_ch")
        for size in (224, 448)
    ),
    *(
        Trial("transform of 4 points by sums", "openvino", "w", size, "sums", instead)
        for size, instead in ((224, "crt2b_ch"), (448, "crt4r_14_ch"))
    ),
)


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


def filled(form: str, trial: Trial) -> Fill:
    """Return what writes `form`, of the trial or of what it is held against."""
    if form.startswith("scan"):
        return scanned(16, int(form.split()[1]))
    if form == "full shift":
        return full("circulant")
    if form in ("thirds", "sums"):
        return by_channels(thirds if form == "thirds" else sums)
    if form in ("conv", "conv1d", "matmul", "folded", "gemm"):
        inner = "circulant" if trial.size < 112 or trial.axis == "w" else "crt4_14"
        return between(form, lowered(inner))
    return lowered(form)


def model(op: "Circular", fill: Fill) -> "onnx.ModelProto":
    """Return x -> y, both (1, 64, H, W), as `fill` writes it."""
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

    floats = ir.TensorType(ir.DataType.FLOAT)
    x = ir.Value(name="x", shape=ir.Shape(op.shape), type=floats)
    last = ir.node("Identity", [x], name="last")
    y = last.outputs[0]
    y.name, y.shape, y.type = "y", ir.Shape(op.out_shape), floats
    graph = ir.Graph([x], [y], nodes=[last], opset_imports={"": OPSET}, name="tried")
    last.replace_input_with(0, fill(Builder(last, "op", OPSET), x, op))
    return ir.to_proto(ir.Model(graph, ir_version=10))


def departure(first: bytes, second: bytes, op: "Circular") -> float:
    """Return how far the outputs of two models lie apart in ONNX Runtime, as a part of the largest."""
    from exporters.execute import execute

    x = np.random.default_rng(1).standard_normal(op.shape).astype(np.float32)
    one, other = (execute(each, {"x": x})["y"] for each in (first, second))
    return float(np.abs(one - other).max() / np.abs(one).max())


def child(runtime: str, budget: float, files: Sequence[str]) -> None:
    """Print the medians in ms of two files, taken by turns for about `budget` seconds, as JSON."""
    from export import loaded

    runs = [session.run for session in loaded(runtime, 1, files)]
    samples: list[list[int]] = [[] for _ in runs]
    order, clock, began = random.Random(0), time.perf_counter_ns, time.perf_counter_ns()
    while len(samples[0]) < FEWEST or clock() - began < budget * 1e9:
        for place in order.sample(range(len(runs)), len(runs)):
            runs[place]()
            begin = clock()
            runs[place]()
            samples[place].append(clock() - begin)
    print(json.dumps([median(each[2:]) / 1e6 for each in samples]))


def tried(trial: Trial, folder: Path, repeats: int, budget: float) -> tuple[float, float, list[float], float]:
    """Return ms of what stands, ms of what is tried, the ratio in each repeat, and how far they lie apart."""
    op = operator(trial.axis, trial.size)
    written = [model(op, filled(form, trial)).SerializeToString() for form in (trial.instead, trial.form)]
    apart = departure(written[0], written[1], op)
    files = [folder / f"{place}.onnx" for place in range(2)]
    for file, data in zip(files, written, strict=True):
        file.write_bytes(data)
    pairs = []
    for _ in range(repeats):
        command = [
            sys.executable,
            __file__,
            "--child",
            trial.runtime,
            "--budget",
            str(budget),
            *map(str, files),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        pairs.append(json.loads(done.stdout.splitlines()[-1]))
    stands, mine = (median(pair[side] for pair in pairs) for side in (0, 1))
    return stands, mine, [pair[0] / pair[1] for pair in pairs], apart


def main() -> int:
    """Return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes per trial (default 3)")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds timed per process (default 2)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.budget, options.files)
        return 0
    print(
        f"{'tried':38} {'runtime':12} {'axis':4} {'N':>4} {'instead of':12} {'ms':>8} {'tried ms':>8} ratio"
    )
    with tempfile.TemporaryDirectory(prefix="latbench-bench-") as folder:
        for trial in TRIALS:
            stands, mine, ratios, apart = tried(trial, Path(folder), options.repeats, options.budget)
            print(
                f"{trial.what:38} {trial.runtime:12} {trial.axis:4} {trial.size:4} {trial.instead:12} "
                f"{stands:8.3f} {mine:8.3f} {median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}] "
                f"apart {apart:.0e}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
