"""Write a depthwise transposed convolution whose kernel is its stride as a product that broadcasts.

Such a convolution only spreads each pixel over a cell of its own (EdgeViT's local propagation), but runtimes
compute it as any other. Between transposes from and to channels last, one product with all channels innermost
takes 0.4 to 0.9 of its time in ONNX Runtime and 0.1 to 0.2 in OpenVINO (cells of 2x2 and 4x4, 36 to 240
channels, one thread); channels first, with the cell innermost, it would be slower than the convolution.
"""

from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import (
    TO_NCHW,
    TO_NHWC,
    add_constant,
    constant,
    dims,
    insert,
    integer,
    ints,
    is_op,
    is_transpose,
    only_user,
    prune,
    replace,
)
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many transposed convolutions became products."""
    changed = sum(_rewrite(node) for node in list(model.graph) if is_op(node, "ConvTranspose"))
    prune(model)
    return changed


def _rewrite(conv: "ir.Node") -> bool:
    source, reader = conv.inputs[0], only_user(conv.outputs[0], "Transpose")
    before = None if source is None else source.producer()
    if before is None or reader is None or not is_transpose(before, TO_NCHW):
        return False
    pixels, weight, graph = before.inputs[0], constant(conv.inputs[1]), conv.graph
    size = dims(pixels)
    if pixels is None or size is None or weight is None:
        return False
    if not is_transpose(reader, TO_NHWC) or not _spreads(conv, weight):
        return False
    bias = conv.inputs[2] if len(conv.inputs) > 2 else None
    offset = constant(bias)
    if bias is not None and offset is None:
        return False
    assert graph is not None
    name, (count, height, width, channels), (rows, columns) = reader.outputs[0].name, size, weight.shape[2:]

    def shaped(what: str, value: "ir.Value", shape: tuple[int, ...]) -> "ir.Value":
        to = add_constant(graph, f"{name}.to_{what}", np.asarray(shape, np.int64))
        return insert(reader, "Reshape", [value, to], f"{name}.{what}")

    kernel = weight[:, 0].transpose(1, 2, 0).reshape(1, 1, rows, 1, columns, channels)
    factor = add_constant(graph, f"{name}.kernel", kernel)
    spread = insert(
        reader,
        "Mul",
        [shaped("pixels", pixels, (count, height, 1, width, 1, channels)), factor],
        f"{name}.spread",
    )
    result = shaped("image", spread, (count, height * rows, width * columns, channels))
    if offset is not None and offset.any():
        result = insert(reader, "Add", [result, add_constant(graph, f"{name}.bias", offset)], f"{name}.sum")
    result.shape = reader.outputs[0].shape
    replace(reader.outputs[0], result)
    return True


def _spreads(conv: "ir.Node", weight: np.ndarray) -> bool:
    """Tell whether every output pixel of `conv` has one weight and one input pixel of its own channel."""
    cell, pad = weight.shape[2:], conv.attributes.get("auto_pad")
    return (
        weight.ndim == 4
        and weight.shape[1] == 1
        and integer(conv, "group", 1) == weight.shape[0]
        and ints(conv, "strides", (1, 1)) == cell
        and set(ints(conv, "dilations", (1,))) == {1}
        and set(ints(conv, "pads", (0,))) == {0}
        and set(ints(conv, "output_padding", (0,))) == {0}
        and (pad is None or pad.as_string() == "NOTSET")
        and "output_shape" not in conv.attributes
    )


PASS = Pass(
    name="spread_pixels",
    apply=apply,
    requires="depthwise ConvTranspose with constant weights, its kernel equal to its stride, no padding, "
    "between a Transpose to channels first and one back, of a known size",
    ensures="that ConvTranspose and the Transposes nobody else reads are gone",
    mathematics="where the kernel is the stride no two windows overlap: y[i s + a, j s + b] = "
    "w[a, b] x[i, j] + bias, per channel",
)
