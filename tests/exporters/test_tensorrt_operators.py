import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from exporters.errors import InputError
from exporters.tensorrt_operators import SINCE, TAKEN, unsupported


def graph(text, constants=None, opset=20, **kinds):
    made = parser.parse_graph(text)
    for name, array in (constants or {}).items():
        made.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    imports = [onnx.helper.make_opsetid("", opset), *(onnx.helper.make_opsetid(name, 1) for name in kinds)]
    return onnx.helper.make_model(made, opset_imports=imports)


def one(*arguments, **options):
    (found,) = unsupported(graph(*arguments), **options)
    return found


FFT = "fft (float[1,8,1] x) => (float[1,8,2] y) { y = DFT(x) }"
POOL = "pool (float[1,2,8,8] x) => (float[1,2,7,7] y) { y = MaxPool <kernel_shape = [2, 2]> (x) }"


def test_every_operator_listed_exists():
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert (TAKEN | SINCE.keys()) - known == {
        "ImageScaler",
        "ParametricSoftplus",
        "ScaledTanh",
    }  # dropped early
    assert not TAKEN & SINCE.keys()


def test_what_is_taken_gives_nothing():
    assert unsupported(graph(POOL)) == ()


def test_an_operator_that_is_missing_is_told_with_its_node_and_the_option_that_helps():
    found = one(FFT, version="10.16.1.11")
    assert (found.operator, found.count, found.names, found.reason) == ("DFT", 1, ("y",), None)
    assert "--parc auto" in found.mend
    assert str(found).startswith("DFT x1 (y); export it with --parc auto")
    assert str(found).endswith("or use TensorRT 11.2 or later")


@pytest.mark.parametrize(
    ("version", "taken"),
    [("10.16.1.11", False), ("11.1", False), ("11.2.1", True), ("11.4.0.106", True), ("12", True)],
)
def test_a_release_that_brought_the_operator_takes_it(version, taken):
    assert (unsupported(graph(FFT), version) == ()) is taken


def test_without_a_release_what_any_of_them_lacks_is_told():
    assert one(FFT).since == (11, 2)


def test_an_operator_of_another_domain_needs_a_plugin():
    text = "g (float[4] x) => (float[4] y) { y = com.acme.Warp(x) }"
    found = one(text)
    assert (found.operator, found.reason) == ("Warp", "it is of the domain com.acme, not of ONNX")
    assert "plugin" in found.mend
    assert unsupported(graph(text), plugins=("Warp",)) == ()


def test_a_function_of_the_model_is_looked_into_and_is_no_operator_itself():
    model = parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 20, "own" : 1]>
        g (float[4] x) => (float[4] y) { y = own.both(x) }
        <opset_import: ["" : 20], domain: "own"> both (a) => (b) { c = Relu(a) b = Det(c) }"""
    )
    (found,) = unsupported(model)
    assert found.operator == "Det"


def test_branches_are_looked_into():
    model = parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 20]>
        g (bool c, float[2,2] x) => (float z) {
            z = If(c) <then_branch = a () => (float p) { p = Det(x) },
                       else_branch = b () => (float q) { q = ReduceSum<keepdims = 0>(x) }>
        }"""
    )
    assert [each.operator for each in unsupported(model)] == ["Det"]


RESTRICTED = {
    "one axis": "y = AveragePool <kernel_shape = [2]> (x)",
    "dilated": "y = MaxPool <kernel_shape = [2, 2], dilations = [2, 2]> (x)",
    "indices": "y, i = MaxPool <kernel_shape = [2, 2]> (x)",
    "mean of a norm": "y, m = LayerNormalization(x, s)",
    "cubic": 'y = Resize <mode = "cubic"> (x, , s)',
    "cropped": 'y = Resize <coordinate_transformation_mode = "tf_crop_and_resize"> (x, s, s)',
    "antialiased": 'y = Resize <mode = "linear", antialias = 1> (x, , s)',
    "aspect ratio": 'y = Resize <mode = "linear", keep_aspect_ratio_policy = "not_larger"> (x, , s)',
    "axes computed": "a = Shape(x) y = ReduceMean(x, a)",
    "axis computed": "a = Size(x) y = CumSum(x, a)",
    "adding": 'i = Shape(x) y = ScatterND <reduction = "add"> (x, i, x)',
    "unsorted": "k = Shape(s) y, i = TopK <sorted = 0> (x, k)",
}


@pytest.mark.parametrize("body", RESTRICTED.values(), ids=RESTRICTED)
def test_a_restriction_that_is_broken_is_told_with_its_reason(body):
    found = one(f"g (float[1,2,8,8] x, float[4] s) => (float[1,2,8,8] y) {{ {body} }}")
    assert found.reason is not None
    assert found.mend


ALLOWED = {
    "two axes": "y = AveragePool <kernel_shape = [2, 2], dilations = [1, 1]> (x)",
    "norm": "y = LayerNormalization(x, s)",
    "linear": 'y = Resize <mode = "linear"> (x, , s)',
    "axes given": "y = ReduceMean(x, axes)",
    "all axes": "y = ReduceMean(x)",
    "axes of a node": "a = Constant <value_ints = [1, 2]> () y = ReduceMean(x, a)",
    "sorted": "y, i = TopK(x, axes)",
}


@pytest.mark.parametrize("body", ALLOWED.values(), ids=ALLOWED)
def test_what_keeps_the_restriction_is_taken(body):
    text = f"g (float[1,2,8,8] x, float[4] s) => (float[1,2,8,8] y) {{ {body} }}"
    assert unsupported(graph(text, {"axes": np.array([1])})) == ()


def test_types_are_told_at_the_border_and_in_constants():
    found = unsupported(
        graph("g (double[4] x) => (double[4] y) { y = Abs(x) }", {"w": np.zeros(2, np.uint16)})
    )
    assert {(each.operator, each.count, each.names) for each in found} == {
        ("tensors of uint16", 1, ("w",)),
        ("inputs and outputs of double", 2, ("x", "y")),
    }


def test_many_nodes_are_counted_and_three_are_named():
    chain = " ".join(f"x{i + 1} = Unique(x{i})" for i in range(5))
    found = one(f"g (float[4] x0) => (float[4] x5) {{ {chain} }}")
    assert found.count == 5
    assert "(x1, x2, x3, ...)" in str(found)


def test_a_file_is_read_by_its_path(tmp_path):
    onnx.save(graph(FFT), tmp_path / "fft.onnx")
    assert unsupported(tmp_path / "fft.onnx") == unsupported(graph(FFT))


def test_a_file_that_is_no_model_is_refused_by_name(tmp_path):
    (tmp_path / "not.onnx").write_text("no model")
    with pytest.raises(InputError, match=r"not\.onnx cannot be read as an ONNX model"):
        unsupported(tmp_path / "not.onnx")
