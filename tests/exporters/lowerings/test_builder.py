import numpy as np
from onnx import numpy_helper

from exporters.execute import execute


def test_nodes_stand_before_the_anchor_under_names_of_their_own(circular, model_of, operators):
    def fill(builder, x):
        assert builder.opset == 20
        left, right = builder.split(x, [1, 3], 1)
        joined = builder.node("Concat", right, left, axis=1)
        turned = builder.transpose(builder.reshape(joined, 1, 4, 15, 1), 0, 1, 3, 2)
        return builder.node("Add", builder.reshape(turned, 1, 4, 5, 3), builder.floats(np.float64(0.1)))

    op = circular("h", (1, 4, 5, 3))
    model = model_of(op, fill)
    assert operators(model) == ["Split", "Concat", "Reshape", "Transpose", "Reshape", "Add"]
    names = [node.name for node in model.graph.node] + [item.name for item in model.graph.initializer]
    assert len(set(names)) == len(names)
    assert all(name.startswith("op.") for name in names if name != "last")
    x = np.random.default_rng(0).standard_normal(op.shape).astype(np.float32)
    y = execute(model.SerializeToString(), {"x": x})["y"]
    np.testing.assert_array_equal(y, np.roll(x, -1, 1) + np.float32(0.1))


def test_constants_are_rounded_once(circular, model_of):
    model = model_of(
        circular("h", (1, 1, 1, 1)), lambda builder, x: builder.node("Mul", x, builder.floats(1 / 3))
    )
    (held,) = (numpy_helper.to_array(item) for item in model.graph.initializer)
    assert held.dtype == np.float32
    assert held == np.float32(1 / 3)
