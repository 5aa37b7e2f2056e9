from collections import Counter

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper, parser
from onnx.reference import ReferenceEvaluator

from exporters.errors import InputError
from exporters.precision import Unconvertible, conversion, convert
from latbench.pipeline.export import export
from latbench.pipeline.subjects import resolve

X = {"x": (2, 4, 6, 6)}
F = np.float32
both = pytest.mark.parametrize("precision", ["fp16", "bf16"])


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(F)


def ops(done):
    return Counter(node.op_type for node in done.model.graph.node)


def model_of(text, opset=20, **constants):
    made = parser.parse_graph(text)
    for name, array in constants.items():
        made.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    made = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", opset)])
    made.ir_version = 10
    return made


SMALL = {
    "a convolution": ("a = Conv <pads = [1, 1, 1, 1]> (x, w) y = Relu(a)", {"y": (2, 4, 6, 6)}),
    "a norm and a product": ("a = Transpose <perm = [0, 2, 3, 1]> (x) b = LayerNormalization(a, s, s) "
        "c = MatMul(b, m) y = Gelu(c)", {"y": (2, 6, 6, 4)}),
    "a softmax": ("y = Softmax(x)", {"y": (2, 4, 6, 6)}),
    "an upsampling": ("y = Resize <mode = \"linear\"> (x, , r)", {"y": (2, 4, 12, 12)}),
    "a pooling and a head": ("a = GlobalAveragePool(x) b = Flatten(a) y = Gemm(b, m, s)", {"y": (2, 4)}),
    "steep operators": ("a = Exp(x) y = Log(a)", {"y": (2, 4, 6, 6)}),
    "a norm by hand": ("a = ReduceMean(x, axes) d = Sub(x, a) q = Mul(d, d) v = ReduceMean(q, axes) "
        "e = Add(v, eps) f = Sqrt(e) y = Div(d, f)", {"y": (2, 4, 6, 6)}),
    "a division": ("a = Sigmoid(x) b = Add(a, one) y = Div(x, b)", {"y": (2, 4, 6, 6)}),
    "a group norm": ("a = Reshape(x, sh) b = InstanceNormalization(a, t, t) y = Reshape(b, back)",
        {"y": (2, 4, 6, 6)}),
    "a constant in the graph": ("c = Constant <value = float {2.5}> () y = Mul(x, c)", {"y": (2, 4, 6, 6)}),
    "a choice": ("c = Greater(x, zero) y = Where(c, x, zero)", {"y": (2, 4, 6, 6)}),
    "pieces put together": ("a, b = Split <axis = 1, num_outputs = 2> (x) y = Concat <axis = 1> (b, a)",
        {"y": (2, 4, 6, 6)}),
    "several outputs": ("a = Neg(x) b = Abs(a) y = Transpose(b)", {"a": (2, 4, 6, 6), "y": (6, 6, 4, 2)}),
    "batch norm": ("y = BatchNormalization(x, s, m0, s2, s)", {"y": (2, 4, 6, 6)}),
    "a hard swish": ("y = HardSwish(x)", {"y": (2, 4, 6, 6)}),
    "a given type": ("a = Cast <to = 10> (x) b = Neg(a) y = Cast <to = 1> (b)", {"y": (2, 4, 6, 6)}),
}  # fmt: skip
CONSTANTS = {
    "w": drawn(4, 4, 3, 3) / 6,
    "s": np.float32([0.5, 1, 1.5, 2]),
    "s2": np.float32([0.1, -0.2, 0, 0.3]),
    "m0": np.zeros(4, F),
    "m": drawn(4, 4, seed=1) / 2,
    "r": np.float32([1, 1, 2, 2]),
    "axes": np.array([1]),
    "eps": F(1e-6),
    "one": F(1),
    "zero": F(0),
    "sh": np.array([2, 2, -1]),
    "back": np.array([2, 4, 6, 6]),
    "t": np.ones(2, F),
}


def small(tiny, name):
    body, outputs = SMALL[name]
    words = body.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return tiny(body, X, outputs, {key: array for key, array in CONSTANTS.items() if key in words})


@both
@pytest.mark.parametrize("name", SMALL)
def test_a_small_graph_computes_the_same_to_the_precision(tiny, converted, name, precision):
    done = converted(small(tiny, name), precision)
    assert done.opset == (20 if precision == "fp16" else 22)
    assert {each.key: each.value for each in done.model.metadata_props}["latbench.precision"] == precision


def test_one_cast_goes_in_and_one_out(tiny, converted):
    assert ops(converted(small(tiny, "a convolution"), "fp16")) == {"Conv": 1, "Relu": 1, "Cast": 2}


def test_what_stays_is_told_by_name_and_in_the_file(tiny, converted):
    done = converted(small(tiny, "a norm by hand"), "fp16")
    assert list(done.kept) == ["q", "v", "e", "f"]
    noted = {each.key: each.value for each in done.model.metadata_props}
    assert noted["latbench.kept_fp32"] == "Add:1,Mul:1,ReduceMean:1,Sqrt:1"


def test_a_cast_to_the_type_that_all_is_now_is_gone(tiny, converted):
    assert ops(converted(small(tiny, "a given type"), "fp16")) == {"Cast": 2, "Neg": 1}


def test_scales_of_a_resize_stay_single(tiny, converted, types):
    done = converted(small(tiny, "an upsampling"), "fp16")
    assert types(done.model)["r"] == onnx.TensorProto.FLOAT


@both
def test_weights_are_rounded_to_the_nearest(tiny, precision):
    done = convert(small(tiny, "a convolution"), precision)
    (weight,) = [tensor for tensor in done.graph.initializer if tensor.name.startswith("w")]
    array = numpy_helper.to_array(weight).astype(F)
    assert array.shape == CONSTANTS["w"].shape
    step = {"fp16": 2.0**-11, "bf16": 2.0**-8}[precision]
    assert np.all(abs(array - CONSTANTS["w"]) <= step * abs(CONSTANTS["w"]) + 2**-25)
    assert len(weight.raw_data) == 2 * array.size


def test_a_weight_beyond_the_range_keeps_its_operator_and_is_not_clamped(tiny, converted):
    model = tiny(
        "a = Mul(x, big) b = Mul(a, less) y = Relu(b)", X, {"y": X["x"]}, {"big": F(1e6), "less": F(1e-6)}
    )
    done = converted(model, "fp16")
    assert list(done.kept) == ["a", "b"]
    assert "1e+06 is beyond the largest fp16" in done.kept["a"]


@both
def test_a_branch_stays_and_what_it_takes_from_outside_is_cast_for_it(converted, precision):
    text = """g (bool c, float[2,2] x) => (float[2,2] y) {
        a = Neg(x)
        b = If(c) <then_branch = t () => (float[2,2] p) { p = Abs(a) },
                   else_branch = e () => (float[2,2] q) { q = Relu(a) }>
        y = Sigmoid(b)
    }"""
    done = converted(model_of(text), precision, fed={"c": np.array(True), "x": drawn(2, 2)})
    assert done.kept == {"b": "branches and loops are left as they are"}


def test_functions_of_the_model_are_written_out(converted):
    model = parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 20, "own" : 1]>
        g (float[4] x) => (float[4] y) { y = own.both(x) }
        <opset_import: ["" : 20], domain: "own"> both (a) => (b) { c = Relu(a) b = Sigmoid(c) }"""
    )
    done = converted(model, "fp16")
    assert ops(done) == {"Cast": 2, "Relu": 1, "Sigmoid": 1}
    assert not done.model.functions


@both
def test_a_graph_without_floats_is_the_same(precision):
    model = model_of("g (int64[4] x) => (bool[4] y) { a = Add(x, k) y = Greater(a, x) }", k=np.int64(1))
    done = conversion(model, precision)
    assert done.model == model
    assert done.model is not model
    assert (done.kept, done.opset) == ({}, 20)


def test_integers_before_the_network_are_cast_to_half_at_once(converted, types):
    model = model_of(
        "g (uint8[2,3] x) => (float[2,3] y) { a = Cast <to = 1> (x) y = Mul(a, k) }", k=F(1 / 255)
    )
    done = converted(model, "fp16")
    assert types(done.model)["a"] == onnx.TensorProto.FLOAT16


def test_bf16_is_raised_to_the_opset_that_has_it(tiny):
    (stated,) = convert(small(tiny, "a convolution"), "bf16").opset_import
    assert stated.version == 22


def test_a_newer_opset_stays(tiny):
    model = model_of("g (float[2] x) => (float[2] y) { y = Relu(x) }", 23)
    assert conversion(model, "bf16").opset == 23


def test_another_precision_is_refused(tiny):
    with pytest.raises(Unconvertible, match=r"no conversion to 'int8'; use one of: fp16, bf16"):
        convert(small(tiny, "a softmax"), "int8")


def test_a_value_of_unknown_type_is_refused_by_name():
    model = model_of("g (float[2] x) => (float[2] y) { a = custom.Thing(x) y = Relu(a) }")
    model.opset_import.append(onnx.helper.make_opsetid("custom", 1))
    with pytest.raises(InputError, match=r"(?s)type.*(a|Thing)"):
        convert(model, "fp16")


def test_an_invalid_graph_is_refused_in_one_sentence():
    model = model_of("g (float[2] x) => (float[3] y) { y = Relu(x) }")
    with pytest.raises(ValueError, match=r"^The graph's types cannot be told: .*\.$"):
        convert(model, "fp16")


def test_the_rounding_run_of_bf16_is_what_onnx_computes(tiny, run):
    done = conversion(tiny("a = MatMul(x, m) b = Add(a, m) y = Sigmoid(b)", {"x": (4, 4)}, {"y": (4, 4)},
        {"m": CONSTANTS["m"]}), "bf16")  # fmt: skip
    fed = {"x": drawn(4, 4, seed=3)}
    (expected,) = ReferenceEvaluator(done.model).run(None, fed)
    np.testing.assert_allclose(run(done, fed)["y"], expected, rtol=2**-7)


UNARY = ["Relu", "Sigmoid", "Tanh", "Gelu", "HardSwish", "Softmax", "Neg", "Abs", "Exp", "Identity", "Erf"]
BINARY = ["Add", "Mul", "Max", "Concat"]
STEPS = st.lists(
    st.tuples(st.sampled_from([*UNARY, *BINARY, "Conv", "Norm", "Mean", "Swap"]), st.integers(0, 9)),
    min_size=1,
    max_size=8,
)


def random_graph(steps):
    """Return a model: each step makes a (2, 4, 6, 6) value of those before it.

    All are bounded, and no step makes much of a small error: the epsilon of its norm is 1.
    """
    lines, made, constants = [], ["x"], {"w": CONSTANTS["w"], "s": np.ones(6, F), "axes": np.array([1])}
    for number, (kind, pick) in enumerate(steps):
        last, other, out = made[-1], made[pick % len(made)], f"v{number}"
        body = {
            "Conv": f"{out} = Conv <pads = [1, 1, 1, 1]> ({last}, w)",
            "Norm": f"{out} = LayerNormalization <epsilon = 1.0> ({last}, s, s)",
            "Mean": f"m{number} = ReduceMean({last}, axes) {out} = Add(m{number}, {other})",
            "Swap": f"{out} = Transpose <perm = [0, 1, 3, 2]> ({last})",
            "Exp": f"t{number} = Tanh({last}) {out} = Exp(t{number})",
            "Concat": f"c{number} = Concat <axis = 1> ({last}, {other}) "
            f"{out}, r{number} = Split <axis = 1, num_outputs = 2> (c{number})",
            "Mul": f"t{number} = Tanh({last}) {out} = Mul(t{number}, {other})",
            **{op: f"{out} = {op}({last}, {other})" for op in ("Add", "Max")},
        }
        lines.append(body.get(kind, f"{out} = {kind}({last})"))
        made.append(out)
    shape = "float[2,4,6,6]"
    text = f"g ({shape} x) => ({shape} {made[-1]}) {{ {' '.join(lines)} }}"
    used = {name: array for name, array in constants.items() if f"{name})" in text or f" {name}," in text}
    return model_of(text, **used)


@both
@settings(max_examples=25)
@given(steps=STEPS)
def test_random_graphs_compute_the_same_to_the_precision(converted, precision, steps):
    converted(random_graph(steps), precision)


def exported(name, resolution, folder):
    """Return the portable graph of a subject of the zoo, and its example inputs by name."""
    made = export(resolve(name, resolution).wish("portable", 20, {}), folder)
    reference = np.load(made.reference)
    fed = {key.removeprefix("input:"): reference[key] for key in reference if key.startswith("input:")}
    return onnx.load(made.path), fed


@pytest.mark.parametrize("name", ["efficientmod_block_c8_r6_7", "parc_h_c4_7", "parc_w_c4_6_dense"])
def test_a_block_of_the_zoo_computes_the_same_to_the_precision(converted, name, tmp_path):
    model, fed = exported(name, None, tmp_path)
    for precision in ("fp16", "bf16"):
        converted(model, precision, fed=fed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientmod_xxs", "cloformer_xxs", "mobilevit_xxs", "rednet26"])
def test_a_model_of_the_zoo_computes_the_same_to_the_precision(converted, name, tmp_path):
    model, fed = exported(name, 64, tmp_path)
    for precision in ("fp16", "bf16"):
        converted(model, precision, fed=fed)
