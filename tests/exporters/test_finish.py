import onnx

from exporters.finish import TOOLS, finish, versions

NOTE = "/somewhere/site-packages/module.py"


def noted(tiny):
    """Return a model with a note wherever ONNX has room for one, a branch within it included."""
    model = tiny(
        "f = ReduceMax<keepdims=0>(x) z = Constant<value=float {0.0}>() c = Greater(f, z) "
        "y = If<then_branch = one () => (float[1,2] p) { p = Relu(x) }, "
        "else_branch = two () => (float[1,2] q) { q = Neg(x) }>(c)",
        {"x": (1, 2)},
        {"y": (1, 2)},
        {"unread": 1.0},
    )
    inner = next(node for node in model.graph.node if node.op_type == "If").attribute[0].g
    for item in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.input,
        *model.graph.output,
        *model.graph.initializer,
        inner,
        *inner.node,
        *inner.output,
    ):
        item.doc_string = NOTE
        entry = item.metadata_props.add()
        entry.key, entry.value = "pkg.torch.onnx.stack_trace", NOTE
    model.model_version = 3
    return model


def test_notes_are_stripped_everywhere_and_the_graph_stays(tiny):
    model = noted(tiny)
    finish(model, "noted", {})
    assert NOTE.encode() not in model.SerializeToString()
    assert [node.op_type for node in model.graph.node] == ["ReduceMax", "Constant", "Greater", "If"]
    assert not model.graph.value_info
    assert model.model_version == 0
    onnx.checker.check_model(model, full_check=True)


def test_a_function_the_graph_calls_stays_without_its_notes(tiny):
    model = tiny("y = Relu(x)", {"x": (1, 2)}, {"y": (1, 2)})
    body = onnx.helper.make_node("Relu", ["a"], ["b"], doc_string=NOTE)
    function = onnx.helper.make_function("own", "F", ["a"], ["b"], [body], model.opset_import)
    function.doc_string = NOTE
    model.functions.append(function)
    model.opset_import.append(onnx.helper.make_opsetid("own", 1))
    model.graph.node[0].op_type, model.graph.node[0].domain = "F", "own"
    finish(model, "own", {})
    assert [function.name for function in model.functions] == ["F"]
    assert NOTE.encode() not in model.SerializeToString()


def test_provenance_is_told_under_sorted_keys(tiny):
    model = tiny("y = Relu(x)", {"x": (1, 2)}, {"y": (1, 2)})
    finish(model, "relu", {"target": "portable", "seed": "0", "name": "another"})
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert list(told) == sorted(told)
    assert told["latbench.name"] == "relu" == model.graph.name
    assert (told["latbench.target"], told["latbench.seed"]) == ("portable", "0")
    assert told["latbench.version.onnx"] == onnx.__version__
    assert model.producer_name == "latbench"


def test_finishing_twice_changes_nothing(tiny):
    once, twice = noted(tiny), noted(tiny)
    finish(once, "same", {"a": "b"})
    finish(twice, "same", {"a": "b"})
    finish(twice, "same", {"a": "b"})
    assert once.SerializeToString(deterministic=True) == twice.SerializeToString(deterministic=True)


def test_versions_are_of_the_tools_that_are_installed():
    found = versions()
    assert {"torch", "onnx", "onnxsim", "onnxruntime"} <= set(found) <= {"latbench", *TOOLS}
    assert all(found.values())
