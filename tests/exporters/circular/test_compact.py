import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

from exporters.circular.compact import compact
from exporters.circular.lower import lower
from exporters.execute import execute
from exporters.lowerings.name import Decision, parse
from exporters.lowerings.reference import circulant

SHAPE = (1, 8, 56, 5)
FORMS = [
    ("h", None, "circulant"),
    ("w", None, "circulant"),
    ("h", None, "grouped_conv"),
    ("w", None, "crt2"),
    ("h", 4, "circulant"),
    ("w", 4, "grouped_conv"),
]


def lowered(kit, axis, outputs, text):
    batch, channels, length, other = SHAPE
    case = kit.Case(axis, (batch, channels, *((length, other) if axis == "h" else (other, length))), outputs)
    graph = ir.from_proto(case.model)
    lower(graph, lambda _op, _neighbours: Decision(parse(text), ""))
    return case, ir.to_proto(graph)


@pytest.mark.parametrize(("axis", "outputs", "text"), FORMS)
def test_the_file_is_smaller_and_the_numbers_are_the_same(kit, axis, outputs, text):
    case, large = lowered(kit, axis, outputs, text)
    small = onnx.ModelProto.FromString(large.SerializeToString())
    assert compact(small) >= 1
    onnx.checker.check_model(small, full_check=True)
    assert 2 * small.ByteSize() < large.ByteSize()
    one, other = (execute(each.SerializeToString(), {"x": case.x})["y"] for each in (large, small))
    np.testing.assert_array_equal(one, other)
    assert compact(small) == 0


@pytest.mark.parametrize(("axis", "outputs", "text"), FORMS)
def test_onnx_runtime_folds_it_at_load(kit, tmp_path, axis, outputs, text):
    _, model = lowered(kit, axis, outputs, text)
    compact(model)
    assert "Gather" in {node.op_type for node in model.graph.node}
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath, options.log_severity_level = str(tmp_path / "run.onnx"), 3
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    run = [node.op_type for node in onnx.load(tmp_path / "run.onnx").graph.node]
    assert "Gather" not in run
    assert len(run) <= len(model.graph.node) - 1


@pytest.mark.parametrize("text", ["circulant", "grouped_conv"])
def test_openvino_folds_it_at_load(kit, text):
    openvino = pytest.importorskip("openvino")
    _, large = lowered(kit, "h", None, text)
    small = onnx.ModelProto.FromString(large.SerializeToString())
    compact(small)

    def layers(model):
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
        ops = compiled.get_runtime_model().get_ordered_ops()
        return [op.get_rt_info()["layerType"].astype(str) for op in ops]

    assert layers(small) == layers(large)


def test_convolutions_are_left_for_who_wants_their_weights(kit):
    _, model = lowered(kit, "h", None, "grouped_conv")
    before = model.SerializeToString()
    assert compact(model, conv=False) == 0
    assert model.SerializeToString() == before


def test_places_are_shared_and_what_others_read_stays(kit):
    writer = kit.Writer()
    taps = np.random.default_rng(0).standard_normal((8, 64)).astype(np.float32)
    for name in ("a", "b", "c"):
        writer.constant(name, circulant(taps))
    fed = writer.node("MatMul", ["a", "x"], "one")
    fed = writer.node("MatMul", ["b", fed], "two")
    fed = writer.node("Add", [writer.node("MatMul", ["c", fed], "three"), "c"], "y")
    model = writer.model({"x": (1, 8, 64, 64)}, {"y": (1, 8, 64, 64)})
    assert compact(model) == 2
    names = {item.name for item in model.graph.initializer}
    assert names == {"a.taps", "b.taps", "c", "places.64x64.around"}


def test_small_and_other_constants_stay(kit):
    for axis, length in (("h", 7), ("w", 6)):
        case = kit.Case(axis, (1, 4, length, length))
        graph = ir.from_proto(case.model)
        lower(graph, lambda _op, _neighbours: Decision(parse("circulant"), ""))
        assert compact(ir.to_proto(graph)) == 0
