import onnx
import pytest
from onnx import TensorProto, helper

from latbench.errors import BadInput, EnvironmentFault
from latbench.runtimes.trt.build import Order, build, converts
from latbench.runtimes.trt.log import forget, logger

MAJORS = {"10.16.1.11": 10, "11.4.0.106": 11}


@pytest.fixture
def ordered(trt, tiny_model):
    log = logger(trt)
    forget(log)

    def ordered(path=tiny_model, precision="fp32", level=3, workspace_mib=0, timings=None):
        return build(trt, log, Order(path, precision, level, workspace_mib, timings))

    return ordered


@pytest.fixture
def model(tmp_path):
    """Write a model of one node from x to y, and return where."""

    def model(op, shape=(2, 6), kind=TensorProto.FLOAT, domain="", **attributes):
        node = helper.make_node(op, ["x"], ["y"], name="the_node", domain=domain, **attributes)
        ports = [helper.make_tensor_value_info(name, kind, shape) for name in "xy"]
        graph = helper.make_graph([node], "one", ports[:1], ports[1:])
        opsets = [helper.make_opsetid("", 20), *([helper.make_opsetid(domain, 1)] if domain else [])]
        onnx.save(helper.make_model(graph, opset_imports=opsets), tmp_path / "one.onnx")
        return tmp_path / "one.onnx"

    return model


def test_the_calls_in_order(trt, ordered):
    ordered()
    assert trt.log == [
        *("Builder", "create_network", "create_builder_config", "OnnxParser", "parse_from_file"),
        *("clear TF32", "build_serialized_network"),
    ]


def test_the_settings_are_read_back(trt, ordered):
    built = ordered(level=5, workspace_mib=64)
    assert built.settings == {
        "builder_level": 5,
        "workspace_bytes": 64 << 20,
        "tf32": False,
        "typing": "weak" if trt.__version__.startswith("10") else "strong",
        "timings": "off",
    }
    assert built.build_ns > 0
    assert ordered().settings["workspace_bytes"] == 80 << 30


def test_tf32_is_allowed_only_where_it_is_asked_for(trt, ordered):
    assert ordered(precision="tf32").settings["tf32"] is True
    assert "set TF32" in trt.log
    assert ordered().settings["tf32"] is False


def test_a_setting_that_did_not_take_is_an_error(trt, ordered):
    trt.fail["get_flag"] = None
    with pytest.raises(RuntimeError, match="TF32 False for True"):
        ordered(precision="tf32")


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_is_a_flag_on_10_and_another_graph_on_11(trt, ordered, precision):
    pytest.importorskip("exporters.precision")
    built = ordered(precision=precision)
    flag, half = precision.upper(), {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}[precision]
    model = onnx.ModelProto.FromString(built.plan.split(b"\n", 1)[1])
    weights = {tensor.data_type for tensor in model.graph.initializer}
    if converts(trt, precision):
        assert ("parse" in trt.log, f"set {flag}" in trt.log) == (True, False)
        assert half in weights
    else:
        assert ("parse" in trt.log, f"set {flag}" in trt.log) == (False, True)
        assert weights == {TensorProto.FLOAT}
    ports = (*model.graph.input, *model.graph.output)
    assert {one.type.tensor_type.elem_type for one in ports} == {TensorProto.FLOAT}
    assert "clear TF32" in trt.log


def test_only_11_converts(trt):
    major = MAJORS[trt.__version__]
    assert [name for name in ("fp32", "tf32", "fp16", "bf16") if converts(trt, name)] == (
        [] if major == 10 else ["fp16", "bf16"]
    )


def test_a_conversion_without_onnx_names_the_install_line(trt, ordered, monkeypatch):
    if not converts(trt, "fp16"):
        pytest.skip("TensorRT 10 converts nothing")
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"fp16 .* needs onnx and onnx_ir; pip install"):
        ordered(precision="fp16")


def test_an_operator_without_support_is_named_before_anything_is_parsed(trt, ordered, model):
    trt.lacks.add("Det")
    with pytest.raises(BadInput, match=r"TensorRT 1[01].* does not take one\.onnx: Det x1 \(the_node\)"):
        ordered(model("Det"))
    assert not {"parse_from_file", "build_serialized_network"} & set(trt.log)


def test_an_operator_that_the_list_misses_but_the_parser_knows_is_left_to_it(trt, ordered, model):
    ordered(model("Det", shape=(2, 2)))
    assert "build_serialized_network" in trt.log


def test_an_operator_of_a_loaded_plugin_is_left_to_the_parser(trt, ordered, model):
    path = model("Mine", domain="my.own")
    trt.lacks.add("Mine")
    with pytest.raises(BadInput, match=r"Mine x1 .*my\.own.*plugin of that name"):
        ordered(path)
    trt.plugins.append(type("Creator", (), {"name": "Mine"})())
    ordered(path)


def test_every_error_of_the_parser_is_told(trt, ordered):
    trt.fail["parse_from_file"] = [
        ("Foo", "node_7", "No importer registered\n for op: Foo."),
        ("", "", "Plugin not found, are the plugin name, version, and namespace correct?"),
    ]
    with pytest.raises(BadInput) as caught:
        ordered()
    assert str(caught.value) == (
        "TensorRT's parser refuses tiny.onnx: Foo node_7: No importer registered for op: Foo; "
        "Plugin not found, are the plugin name, version, and namespace correct?."
    )


def test_very_many_errors_are_counted(trt, ordered):
    trt.fail["parse_from_file"] = [("Foo", f"n{index}", "no") for index in range(12)]
    with pytest.raises(BadInput, match=r"Foo n4: no; and 7 more\.$"):
        ordered()


def test_a_parser_that_says_nothing_is_told_so(trt, ordered):
    trt.fail["parse_from_file"] = []
    with pytest.raises(BadInput, match="it did not say why"):
        ordered()


def test_a_refused_graph_with_a_restriction_on_the_list_gets_its_mend(trt, ordered, model):
    trt.fail["parse_from_file"] = [("Relu", "the_node", "unsupported type")]
    with pytest.raises(BadInput) as caught:
        ordered(model("Relu", kind=TensorProto.UINT16))
    assert "unsupported type" in str(caught.value)
    assert "Known of this graph: " in str(caught.value)


def test_a_file_that_is_no_model_is_bad_input(ordered, tmp_path):
    (tmp_path / "corrupt.onnx").write_bytes(b"not a model")
    with pytest.raises(BadInput, match=r"corrupt\.onnx cannot be read as an ONNX model"):
        ordered(tmp_path / "corrupt.onnx")


def test_an_open_shape_is_refused_by_name(trt, ordered, model):
    with pytest.raises(BadInput, match=r"'x' of one\.onnx has an open shape, \?x6,.*--pin"):
        ordered(model("Relu", shape=("n", 6)))
    assert "build_serialized_network" not in trt.log


def test_a_builder_that_cannot_be_made_tells_the_last_error(trt, ordered):
    trt.fail["Builder"] = "CUDA initialization failure with error: 35"
    with pytest.raises(RuntimeError, match=r"TensorRT made no builder .*: CUDA initialization failure"):
        ordered()


def test_a_build_that_fails_tells_the_last_error(trt, ordered):
    trt.fail["build_serialized_network"] = "Error Code 10: Could not find any implementation for node {Foo}"
    with pytest.raises(RuntimeError, match=r"built no engine of tiny\.onnx: Error Code 10: Could not find"):
        ordered()


def test_a_build_that_runs_out_of_memory_is_a_memory_error(trt, ordered):
    trt.fail["build_serialized_network"] = "Error Code 2: OutOfMemory (Requested size was 1 bytes.)"
    with pytest.raises(MemoryError, match="OutOfMemory"):
        ordered()


def test_timings_are_kept_and_used_again(trt, ordered, tmp_path):
    file = tmp_path / "engines" / "timings"
    assert ordered(timings=file).settings["timings"] == "new"
    assert file.read_bytes() == b"timings"
    assert ordered(timings=file).settings["timings"] == "reused"
    assert trt.timed == [b"", b"timings"]


@pytest.mark.parametrize("call", ["create_timing_cache", "set_timing_cache"])
def test_timings_that_are_refused_are_dropped_and_said(trt, ordered, tmp_path, call):
    (tmp_path / "timings").write_bytes(b"of another card")
    trt.fail[call] = None
    assert ordered(timings=tmp_path / "timings").settings["timings"].startswith("dropped: TensorRT refused")
    assert trt.timed == [b""]
    assert (tmp_path / "timings").read_bytes() == b"timings"


def test_timings_that_cannot_be_read_or_written_stop_nothing(trt, ordered, tmp_path):
    (tmp_path / "timings").mkdir()
    assert (
        ordered(timings=tmp_path / "timings").settings["timings"].startswith("dropped: those kept cannot be")
    )


def test_weights_in_another_file_are_found(ordered, external_model):
    assert ordered(external_model).plan
