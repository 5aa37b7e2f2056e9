import numpy as np
import onnx_ir as ir

from exporters.precision.constants import HALVES
from exporters.precision.retype import Retyping

FP16 = HALVES["fp16"]


def test_each_value_has_one_cast_and_each_constant_one_rounded_copy(tiny):
    body = "a = Mul(x, w) b = Add(a, w) c = Add(x, a) y = Sub(c, b)"
    model = ir.from_proto(tiny(body, {"x": (2, 2)}, {"y": (2, 2)}, {"w": np.float32([1, 2])}))
    nodes = {node.outputs[0].name: node for node in model.graph}
    Retyping(model.graph, FP16, 20, {nodes["b"]: "for this test"}).run()
    casts = {node.outputs[0].name: node.inputs[0].name for node in model.graph if node.op_type == "Cast"}
    assert casts == {"x.fp16": "x", "a.fp32": "a", "b.fp16": "b", "y": "y.fp16"}
    assert [value.name for value in nodes["a"].inputs] == ["x.fp16", "w.fp16"]
    assert [value.name for value in nodes["b"].inputs] == ["a.fp32", "w"]
    assert model.graph.initializers["w.fp16"].dtype == ir.DataType.FLOAT16


def test_names_that_are_taken_are_left_to_whom_they_belong(tiny):
    body = '"x.fp16" = Neg(x) y = Abs("x.fp16")'.replace('"x.fp16"', "xfp")
    proto = tiny(body, {"x": (2,)}, {"y": (2,)})
    proto.graph.node[0].output[0] = proto.graph.node[1].input[0] = "x.fp16"
    proto.graph.value_info[0].name = "x.fp16"
    model = ir.from_proto(proto)
    Retyping(model.graph, FP16, 20, {}).run()
    assert [node.outputs[0].name for node in model.graph] == ["x.fp16.1", "x.fp16", "y.fp16", "y"]
