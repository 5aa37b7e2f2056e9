"""Write the transposed keys of an attention as one Transpose, or as none.

PyTorch's exporter turns the keys of scaled_dot_product_attention by flattening heads into the batch, a
Transpose of what is then a stack of matrices, and the shape restored. Swapping the last two axes where they
are is the same, and where the keys were transposed before, both become one Transpose or cancel.
"""

import math
from typing import TYPE_CHECKING

from exporters.graph import dims, insert, ints, is_transpose, only_user, producer, prune, replace, used_once
from exporters.passes.base import Pass

if TYPE_CHECKING:
    import onnx_ir as ir


def apply(model: "ir.Model") -> int:
    """Return how many transposes of flattened stacks were rewritten."""
    changed = sum(_rewrite(node) for node in list(model.graph) if is_transpose(node, (0, 2, 1)))
    prune(model)
    return changed


def _rewrite(node: "ir.Node") -> bool:
    flat = producer(node.inputs[0], "Reshape")
    back = only_user(node.outputs[0], "Reshape")
    if flat is None or back is None or not used_once(flat.outputs[0]):
        return False
    source, shape, after = flat.inputs[0], dims(flat.inputs[0]), dims(back.outputs[0])
    if source is None or shape is None or len(shape) < 4 or after is None:
        return False
    *stack, rows, columns = shape
    if dims(flat.outputs[0]) != (math.prod(stack), rows, columns) or after != (*stack, columns, rows):
        return False
    rank = len(shape)
    perm = [*range(rank - 2), rank - 1, rank - 2]
    earlier = producer(source, "Transpose")
    if earlier is not None and earlier.inputs[0] is not None and used_once(source):
        first = ints(earlier, "perm", tuple(reversed(range(rank))))
        source, perm = earlier.inputs[0], [first[axis] for axis in perm]
    if perm != sorted(perm):
        name = f"{back.outputs[0].name}.swapped"
        source = insert(back, "Transpose", [source], name, {"perm": perm})
        source.shape = back.outputs[0].shape
    elif back.outputs[0].is_graph_output():
        return False  # nothing may be left between an input and an output of the graph
    replace(back.outputs[0], source)
    return True


PASS = Pass(
    name="one_transpose",
    apply=apply,
    requires="Reshape of a known shape (..., R, C) with two leading axes or more to (B, R, C), Transpose of "
    "its matrices, Reshape to (..., C, R), nothing else reading in between",
    ensures="those three are one Transpose; with a Transpose before them that nothing else reads they are "
    "one with it, or gone where both cancel",
    mathematics="flattening leading axes does not move elements within the last two; permutations compose",
)
