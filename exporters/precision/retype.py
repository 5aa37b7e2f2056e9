"""Give a graph its types: constants rounded, operators retyped, and a Cast wherever two types meet."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from exporters.graph import add_constant, constant, insert, is_op
from exporters.precision.constants import Half
from exporters.precision.slots import slots

if TYPE_CHECKING:
    import onnx_ir as ir


class Retyping:
    """One graph being retyped in place; `casts` holds, by value and type, what a Cast made of it."""

    def __init__(self, graph: "ir.Graph", half: Half, opset: int, stay: "Mapping[ir.Node, str]") -> None:
        import onnx_ir as ir

        self.graph, self.half, self.opset, self.stay = graph, half, opset, stay
        self.low, self.single = ir.DataType[half.onnx], ir.DataType.FLOAT
        self.casts: dict[tuple[ir.Value, ir.DataType], ir.Value] = {}
        self.nodes = list(graph)
        self.names = {value.name for node in self.nodes for value in node.outputs}
        self.names |= {value.name for value in graph.inputs} | set(graph.initializers)

    def run(self) -> None:
        """Retype the graph: what is made first, then what is given out, then what is read."""
        import onnx_ir as ir

        lowered = {
            value: self.low
            for node in self.nodes
            if node not in self.stay
            for value, wide in zip(node.outputs, self._places(node)[1], strict=True)
            if wide and value.dtype == self.single
        }
        wishes = [
            (node, place, self.low if wide else self.single)
            for node in self.nodes
            for place, (value, wide) in enumerate(zip(node.inputs, self._places(node)[0], strict=True))
            if value is not None and value.dtype == self.single
        ]
        inner = [
            (use.node, use.idx, self.single)
            for value in lowered
            for use in value.uses()
            if use.node.graph is not self.graph
        ]
        for node in self.nodes:
            if is_op(node, "Cast") and node.outputs[0] in lowered:
                node.attributes["to"] = ir.AttrInt64("to", self.low.value)
        for value, kind in lowered.items():
            value.type = ir.TensorType(kind)
        for place, value in enumerate(self.graph.outputs):
            if value in lowered:
                self._hand_out(place, value)
        for node, place, kind in (*wishes, *inner):
            source = node.inputs[place]
            assert source is not None
            if source.dtype != kind:
                node.replace_input_with(place, self._as(source, kind))
        for node in self.nodes:
            self._drop_idle(node)

    def _places(self, node: "ir.Node") -> tuple[tuple[bool, ...], tuple[bool, ...]]:
        """Return for each input and each output of `node` whether it is to be of the half type."""
        places = None if node in self.stay else slots(node, self.opset, self.half)
        if places is None:
            return (False,) * len(node.inputs), (False,) * len(node.outputs)
        return places.inputs, places.outputs

    def _as(self, value: "ir.Value", kind: "ir.DataType") -> "ir.Value":
        """Return `value` in the type `kind`: a rounded constant, or what the one Cast to it makes."""
        import onnx_ir as ir

        if (value, kind) not in self.casts:
            array = constant(value)
            name = self._free(f"{value.name}.{self.half.name if kind == self.low else 'fp32'}")
            if array is not None:
                self.casts[value, kind] = add_constant(self.graph, name, self.half.rounded(array))
            else:
                maker = value.producer()
                anchor = self.nodes[0] if maker is None else maker
                cast = insert(anchor, "Cast", [value], name, {"to": kind.value}, after=maker is not None)
                cast.type, cast.shape = ir.TensorType(kind), value.shape
                self.casts[value, kind] = cast
        return self.casts[value, kind]

    def _hand_out(self, place: int, value: "ir.Value") -> None:
        """Let the graph give out `value` in fp32 under its name."""
        name = value.name
        value.name = self._free(f"{name}.{self.half.name}")
        cast = self._as(value, self.single)
        cast.name = name
        self.graph.outputs[place] = cast

    def _drop_idle(self, node: "ir.Node") -> None:
        """Remove a Cast of the graph's own that is to the type which its input now has."""
        if not is_op(node, "Cast") or node.outputs[0].is_graph_output():
            return
        source, result = node.inputs[0], node.outputs[0]
        if source is not None and source.dtype == result.dtype:
            result.replace_all_uses_with(source)

    def _free(self, name: str) -> str:
        number, free = 0, name
        while free in self.names:
            number += 1
            free = f"{name}.{number}"
        self.names.add(free)
        return free
