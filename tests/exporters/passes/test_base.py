import importlib

import pytest

from exporters.passes import passes
from exporters.targets import FIRST, TARGETS

each = pytest.mark.parametrize("step", passes().values(), ids=passes())


@each
def test_a_pass_stands_in_the_file_of_its_name(step):
    assert importlib.import_module(f"exporters.passes.{step.name}").PASS is step


@each
def test_a_pass_says_when_it_applies_and_why_the_outputs_stay(step):
    assert all(len(text.split()) >= 4 for text in (step.requires, step.ensures, step.mathematics))


@each
def test_a_pass_leaves_a_graph_without_its_pattern_as_it_was(step, tiny):
    import onnx_ir as ir

    model = tiny("y = Relu(x)", {"x": (1, 2)}, {"y": (1, 2)})
    graph = ir.from_proto(model)
    assert step.apply(graph) == 0
    assert ir.to_proto(graph) == ir.to_proto(ir.from_proto(model))


@each
def test_a_pass_serves_some_target(step):
    assert any(step.name in (*FIRST, *chosen) for chosen in TARGETS.values())
