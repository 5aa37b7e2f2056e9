import importlib
import re
from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch

from exporters import gate
from exporters.capture import capture
from exporters.errors import ExportError
from exporters.gate import check, first_departure, refuse
from exporters.parity import Parity, ParityLimits, compare
from exporters.passes import passes
from exporters.passes.base import Pass

EXPORT = importlib.import_module("exporters.export")  # `exporters.export` is the function
LIMITS = ParityLimits()


@pytest.fixture(scope="module")
def traced(small, pair):
    """Return y = relu(linear(x)) + 1, traced."""
    return capture(small(lambda linear, x: torch.relu(linear(x)) + 1), (pair,), 20, ["x"], ["y"])


@pytest.fixture
def model(traced):
    return ir.to_proto(traced.model)


def relu(model):
    return next(node for node in model.graph.node if node.op_type == "Relu")


def test_the_captured_graph_passes(model, traced):
    parity = check(model, traced, 20, "it")
    assert LIMITS.passes(parity)
    assert first_departure(model, traced, LIMITS) is None


def test_a_graph_that_is_not_valid_is_refused(model, traced):
    relu(model).op_type = "Rule"
    with pytest.raises(
        ExportError, match=r"^it is not valid ONNX: .*Rule.*; nothing was written\.$"
    ) as error:
        check(model, traced, 20, "it")
    assert "\n" not in str(error.value)


def test_an_opset_other_than_asked_for_is_refused(model, traced):
    with pytest.raises(
        ExportError, match=r"^it says opset 20 where 21 was asked for; nothing was written\.$"
    ):
        check(model, traced, 21, "it")


def test_a_graph_that_does_not_run_is_refused(model, traced):
    fed = replace(traced, inputs={"x": np.zeros((3, 4), np.float32)})
    with pytest.raises(ExportError, match=r"^it does not run: .*; nothing was written\.$"):
        check(model, fed, 20, "it")


def test_a_graph_that_lost_an_output_is_refused(model, traced):
    more = replace(traced, outputs=traced.outputs | {"z": np.zeros(1)})
    with pytest.raises(ExportError, match=r"^it has lost the output z; nothing was written\.$"):
        check(model, more, 20, "it")


def test_the_first_operator_that_departs_is_named_with_how_far(model, traced):
    relu(model).op_type = "Neg"
    parity = check(model, traced, 20, "it")
    culprit = first_departure(model, traced, LIMITS)
    assert culprit.startswith("the Neg node 'relu' (aten.relu.default), off by max rel ")
    error = refuse("it", parity, LIMITS, culprit)
    assert f"max rel {parity.max_rel:.2g} (limit 0.0001)" in str(error)
    assert "it first departs at the Neg node" in str(error)


def test_a_wrong_weight_is_told_at_the_operator_that_reads_it(model, traced):
    weight = next(item for item in model.graph.initializer if len(item.dims) == 2)
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * 1.01, weight.name))
    assert "'linear' (aten.linear.default)" in first_departure(model, traced, LIMITS)


def test_a_diagnosis_that_fails_hides_no_refusal(model, traced, monkeypatch):
    def broken(*_):
        raise RuntimeError("no diagnosis")

    monkeypatch.setattr(gate, "_eager_values", broken)
    assert first_departure(model, traced, LIMITS) is None
    error = refuse("it", Parity(1.0, 0.5, 0.9), LIMITS, None)
    assert str(error) == (
        "it does not compute what the module computes: max rel 0.5 (limit 0.0001), max abs 1, "
        "cosine 0.900000; nothing was written."
    )


def resized_rightly(parameter, size):
    """Tell whether ONNX's reference evaluator, through which the exporter folds, resizes as PyTorch does."""
    mode = {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}
    node = onnx.helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], **mode)
    sizes = np.array([*parameter.shape[:2], size, size])
    evaluator = onnx.reference.ReferenceEvaluator(node)
    (found,) = evaluator.run(None, {"x": parameter.detach().numpy(), "sizes": sizes})
    eager = torch.nn.functional.interpolate(
        parameter, size=(size, size), mode="bilinear", align_corners=False
    )
    return compare({"y": found}, {"y": eager.detach().numpy()}).max_rel < 1e-4


@pytest.mark.usefixtures("untouched")
class TestAGraphIsRefused:
    """What an earlier export left stays, and nothing else appears."""

    def test_when_a_parameter_was_folded_wrongly(self, export, upsampled):
        module = upsampled(10, 14)
        if resized_rightly(module.param, 14):
            pytest.skip("this onnx resizes rightly, so the exporter's fold is right as well")
        with pytest.raises(ExportError) as error:
            export(module, torch.ones(1, 3, 14, 14))
        told = str(error.value)
        assert "constant folded at export from 'upsample_bilinear2d'" in told
        assert "aten.upsample_bilinear2d" in told
        assert all(float(number) > 0.01 for number in re.findall(r"max rel ([\d.]+)", told))
        assert told.endswith("nothing was written.")

    @pytest.mark.parametrize("wrong", ["node", "weight"])
    def test_when_the_captured_graph_is_corrupt(self, export, small, pair, monkeypatch, wrong):
        kept = EXPORT.capture

        def corrupt(*arguments, **options):
            captured = kept(*arguments, **options)
            for node in captured.model.graph:
                if wrong == "node" and node.op_type == "Relu":
                    node.op_type = "Neg"
            for value in captured.model.graph.initializers.values():
                if wrong == "weight" and len(value.shape) == 2:
                    import onnx_ir as ir

                    value.const_value = ir.tensor(value.const_value.numpy() * 1.01)
            return captured

        monkeypatch.setattr(EXPORT, "capture", corrupt)
        culprit = {"node": "the Neg node 'relu'", "weight": r"node 'linear' \(aten.linear"}[wrong]
        with pytest.raises(
            ExportError, match=rf"^small as captured .* departs at .*{culprit}.*off by max rel"
        ):
            export(small(lambda linear, x: torch.relu(linear(x))), pair)

    @pytest.mark.usefixtures("recaptured")
    def test_when_a_pass_changes_the_outputs(self, export, linear, pair, monkeypatch):
        def scale_a_weight(model):
            import onnx_ir as ir

            name, value = next(item for item in model.graph.initializers.items() if len(item[1].shape) == 2)
            value.const_value = ir.tensor(value.const_value.numpy() * np.float32(1.01), name=name)
            return 1

        corrupted = Pass("fold_norm", scale_a_weight, "nothing", "nothing", "none")
        monkeypatch.setattr(EXPORT, "passes", lambda: passes() | {"fold_norm": corrupted})
        with pytest.raises(
            ExportError, match=r"^small after the pass fold_norm does not compute .* max rel 0.0"
        ):
            export(linear, pair)

    @pytest.mark.usefixtures("recaptured")
    def test_when_a_pass_leaves_an_invalid_graph(self, export, linear, pair, monkeypatch):
        def misspell(model):
            next(iter(model.graph)).op_type = "Misspelt"
            return 1

        corrupted = Pass("fold_scale", misspell, "nothing", "nothing", "none")
        monkeypatch.setattr(EXPORT, "passes", lambda: passes() | {"fold_scale": corrupted})
        with pytest.raises(
            ExportError, match=r"^small after the pass fold_scale is not valid ONNX: .*Misspelt"
        ):
            export(linear, pair)

    @pytest.mark.usefixtures("recaptured")
    @pytest.mark.parametrize(
        ("gemm", "stage"), [(False, "after onnxsim"), (True, "after the passes and onnxsim")]
    )
    def test_when_the_simplifier_changes_the_outputs(self, export, linear, pair, monkeypatch, *, gemm, stage):
        kept = EXPORT.simplify

        def corrupt(model, **options):
            simplified = kept(model, **options)
            if options.get("gemm", True) is gemm:
                for item in simplified.graph.initializer:
                    item.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(item), item.name))
            return simplified

        monkeypatch.setattr(EXPORT, "simplify", corrupt)
        with pytest.raises(ExportError, match=rf"^small {stage} does not compute what the module computes"):
            export(linear, pair)

    @pytest.mark.usefixtures("recaptured")
    def test_when_the_last_step_spoils_the_graph(self, export, linear, pair, monkeypatch):
        kept = EXPORT.finish

        def corrupt(model, *arguments):
            kept(model, *arguments)
            model.graph.node[0].op_type = "Misspelt"

        monkeypatch.setattr(EXPORT, "finish", corrupt)
        with pytest.raises(ExportError, match="Misspelt"):
            export(linear, pair)

    @pytest.mark.usefixtures("recaptured")
    def test_when_the_limits_are_too_tight_for_rounding(self, export, linear, pair):
        with pytest.raises(ExportError, match=r"\(limit -1\)"):
            export(linear, pair, limits=ParityLimits(max_rel=-1))

    def test_when_the_outputs_are_random(self, export, small, pair):
        with pytest.raises(ExportError, match=r"departs at the RandomUniformLike node 'rand'"):
            export(small(lambda linear, x: linear(x) + torch.rand(4)), pair)


def chain(kind, wrong=False):
    """Return eight linear layers and tanh in `kind`, captured, and their graph (or a wrong one)."""
    torch.manual_seed(0)
    layers = [part for _ in range(8) for part in (torch.nn.Linear(64, 64), torch.nn.Tanh())]
    module = torch.nn.Sequential(*layers).to(kind)
    captured = capture(module, (torch.randn(2, 64).to(kind),), 20, ["x"], ["y"])
    graph = ir.to_proto(captured.model)
    if wrong:
        node = next(node for node in graph.graph.node if node.op_type == "Tanh")
        node.op_type = "Sigmoid"
    return captured, graph


def test_half_precision_is_held_to_what_its_rounding_allows():
    captured, graph = chain(torch.float16)
    limits = gate.limits_for(captured)
    assert 4 * 2**-10 <= limits.max_rel <= 8 * 2**-10
    parity = check(graph, captured, 20, "it")
    assert limits.passes(parity)
    assert not limits.passes(check(chain(torch.float16, wrong=True)[1], captured, 20, "it"))


def test_single_precision_keeps_the_usual_limits():
    assert gate.limits_for(chain(torch.float32)[0]) == LIMITS
