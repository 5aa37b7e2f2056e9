import errno
import os
from pathlib import Path

import onnx
import pytest

from exporters.finish import TOOLS, finish, versions, write_together, write_whole

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


def test_files_are_written_whole_and_replace_older_ones(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"old and long")
    write_together({a: b"new", b: b"other"})
    assert (a.read_bytes(), b.read_bytes()) == (b"new", b"other")
    write_whole(b, b"third")
    assert b.read_bytes() == b"third"
    assert sorted(tmp_path.iterdir()) == [a, b]


@pytest.mark.parametrize("step", ["open", "write", "fsync"])
@pytest.mark.parametrize("file", [0, 1])
def test_when_one_file_cannot_be_written_none_is(tmp_path, monkeypatch, step, file):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"old")
    calls = {"open": 0, "fsync": 0}
    opened, synced = Path.open, os.fsync

    def full(call, kept):
        def counted(*arguments, **options):
            calls[call] += 1
            if calls[call] == file + 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return kept(*arguments, **options)

        return counted

    if step == "open":
        monkeypatch.setattr(Path, "open", full("open", opened))
    else:
        monkeypatch.setattr(os, "fsync", full("fsync", synced))
    data = {a: b"new", b: b"other"} if step != "write" else {a: b"new", b: object()}
    with pytest.raises((OSError, TypeError)):
        write_together(data)
    monkeypatch.undo()
    assert a.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [a]
