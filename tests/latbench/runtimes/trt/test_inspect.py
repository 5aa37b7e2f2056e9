import json

import pytest

from latbench.runtimes.trt.inspect import inspect

FP32, TF32 = (
    "sm80_xmma_gemm_f32f32_f32f32_f32_nn_n_tilesize128",
    "sm80_xmma_fprop_tf32f32_tf32f32_f32_nhwckrsc",
)


def layer(kind, types, tactic=None, **more):
    made = {"LayerType": kind, "Inputs": [{"Name": "x", "Format/Datatype": one} for one in types], **more}
    return made if tactic is None else {**made, "TacticName": tactic}


def found(*layers, tf32=False):
    return inspect(json.dumps({"Layers": layers}), tf32)


@pytest.mark.parametrize(
    ("words", "precision"),
    [
        ({"Format/Datatype": "Float"}, "fp32"),
        ({"Format/Datatype": "Row major linear FP32"}, "fp32"),
        ({"Format/Datatype": "Half"}, "fp16"),
        ({"Format/Datatype": "Channel major FP16 format where channel % 8 == 0"}, "fp16"),
        ({"Format/Datatype": "BFloat16"}, "bf16"),
        ({"DataType": "Half", "Format": "Row major linear FP16 format (kLINEAR)"}, "fp16"),
        ({"DataType": "BF16", "Format": "Row major linear (kLINEAR)"}, "bf16"),
        ({"DataType": "Int8"}, "int8"),
    ],
)
def test_types_are_read_in_the_words_of_either_major(words, precision):
    told = found({"LayerType": "CaskConvolution", "Inputs": [words], "TacticName": "x"})
    assert (told.layers, told.precision) == ({precision: 1}, precision)


def test_tf32_is_told_by_the_kernel():
    told = found(layer("CaskConvolution", ["Float"], TF32), layer("kgen", ["Float"]), tf32=True)
    assert (told.layers, told.precision) == ({"tf32": 1, "fp32": 1}, "tf32")
    assert (
        found(layer("gemm", ["Float"], TF32), layer("gemm", ["Float"], FP32), tf32=True).precision == "tf32"
    )


def test_tf32_that_was_allowed_and_not_taken_is_fp32():
    assert found(layer("gemm", ["Float"], FP32), layer("kgen", ["Float"]), tf32=True).precision == "fp32"


def test_tf32_that_was_not_allowed_is_told_all_the_same():
    assert found(layer("gemm", ["Float"], TF32), tf32=False).precision == "tf32"


@pytest.mark.parametrize(("tf32", "precision"), [(False, "fp32"), (True, None), (None, None)])
def test_a_kernel_without_a_name_is_told_only_where_tf32_was_off(tf32, precision):
    told = found(layer("gemm", ["Float"]), tf32=tf32)
    assert (told.layers, told.precision) == ({"fp32": 1}, precision)


def test_the_precision_is_that_of_the_layers_that_multiply():
    told = found(
        layer("CaskConvolution", ["Half"], "f16"), layer("kgen", ["Float"]), layer("SoftMax", ["Half"])
    )
    assert (told.layers, told.precision) == ({"fp16": 2, "fp32": 1}, "fp16")


def test_layers_that_multiply_in_two_precisions_are_mixed():
    assert found(layer("gemm", ["Half"], "a"), layer("gemm", ["Float"], "b")).precision == "mixed"
    told = found(layer("gemm", ["Half", "Float"], "a"))
    assert (told.layers, told.precision) == ({"mixed": 1}, "mixed")


def test_weights_count_as_what_a_layer_computes_with():
    told = found(layer("CaskConvolution", ["Float"], "k", Weights={"Type": "Int8", "Count": 108}))
    assert told.layers == {"mixed": 1}
    assert found(layer("gemm", ["Half"], "k", Weights={"Type": "Float", "Count": 0})).layers == {"fp16": 1}


def test_layers_that_move_data_or_have_integers_only_are_not_counted():
    told = found(
        layer("Reformat", ["Float"]),
        layer("NoOp", ["Float"]),
        layer("Constant", []),
        layer("Gather", ["Int64"]),
        layer("gemm", ["Half"], "k"),
    )
    assert (told.layers, told.precision) == ({"fp16": 1}, "fp16")


@pytest.mark.parametrize("layers", [[], [layer("Reformat", ["Float"])]])
def test_nothing_that_computes_has_no_precision(layers):
    told = found(*layers)
    assert (told.layers, told.precision, told.unread) == ({}, None, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"Layers": [{"Metadata": "a "b" c"}]}'])
def test_json_that_cannot_be_read_is_told(text):
    told = inspect(text, False)
    assert (told.layers, told.precision) == ({}, None)
    assert told.unread.startswith("the inspector's JSON cannot be read (")


def test_names_alone_tell_nothing():
    told = inspect(json.dumps({"Layers": ["conv1 + relu1", "fc"]}), False)
    assert (told.layers, told.precision) == ({}, None)
    assert told.unread == "the engine was built without the details of its layers"


@pytest.mark.parametrize("odd", [{"Inputs": None}, {"Inputs": ["x"]}, {"Inputs": [{}], "Weights": 3}])
def test_odd_layers_are_passed_over(odd):
    assert found({"LayerType": "gemm", **odd}, layer("gemm", ["Half"])).layers == {"fp16": 1}
