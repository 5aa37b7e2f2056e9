import logging

import numpy as np
import pytest
import torch

from exporters.capture import NEWEST_OPSET, OLDEST_OPSET, capture
from exporters.errors import ExportError, InputError

OPSET = 20


def one_sentence(error):
    text = str(error.value)
    return "\n" not in text and "Traceback" not in text and text.endswith(".")


def test_inputs_and_outputs_are_named_and_eager(small, pair):
    module = small(lambda linear, x, y: {"sum": linear(x) + y, "parts": [x - y, linear(y)]})
    other = pair.flip(0)
    captured = capture(module, (pair, other), OPSET, ["left", "right"], ["a", "b", "c"])
    assert list(captured.inputs) == ["left", "right"]
    assert (captured.inputs["right"] == other.numpy()).all()
    assert list(captured.outputs) == ["a", "b", "c"]
    with torch.no_grad():
        eager = module(pair, other)
    for found, expected in zip(captured.outputs.values(), [eager["sum"], *eager["parts"]], strict=True):
        assert (found == expected.numpy()).all()
    assert captured.model.opset_imports[""] == OPSET


@pytest.mark.parametrize("opset", [OLDEST_OPSET - 1, NEWEST_OPSET + 1, 0])
def test_an_opset_out_of_range_is_refused(small, pair, opset):
    with pytest.raises(InputError, match=rf"Opset {opset} is not supported; use --opset 18 to 24") as caught:
        capture(small(lambda linear, x: x), (pair,), opset)
    assert one_sentence(caught)


def test_an_opset_that_the_exporter_changed_is_refused(small, pair, monkeypatch):
    kept = torch.onnx.export

    def another(*arguments, opset_version, **options):
        return kept(*arguments, opset_version=opset_version + 1, **options)

    monkeypatch.setattr(torch.onnx, "export", another)
    with pytest.raises(ExportError, match="wrote opset 21 where 20 was asked for; use --opset 21"):
        capture(small(lambda linear, x: linear(x)), (pair,), OPSET)


@pytest.mark.parametrize("inputs", ["tensor", "nested", "numbers"])
def test_example_inputs_that_are_no_tuple_of_tensors_are_refused(small, pair, inputs):
    given = {"tensor": pair, "nested": ((pair, pair),), "numbers": (1.0,)}[inputs]
    with pytest.raises(InputError, match="must be a tuple of tensors"):
        capture(small(lambda linear, x: linear(x)), given, OPSET)


def test_a_module_that_raises_is_named_with_its_input_and_its_words(small, pair):
    with pytest.raises(
        InputError, match=r"Small cannot run on its example input \(2, 4\): RuntimeError: "
    ) as error:
        capture(small(lambda linear, x: linear(x.reshape(2, 2, 2))), (pair,), OPSET)
    assert one_sentence(error)


@pytest.mark.parametrize("value", [None, 3, "text", (), {"a": None}], ids=str)
def test_a_module_that_returns_something_else_than_tensors_is_refused(small, pair, value):
    with pytest.raises(InputError, match="must return tensors"):
        capture(small(lambda linear, x: value), (pair,), OPSET)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_are_the_modules_fault(small, pair, value):
    with pytest.raises(InputError, match="Small returns values that are not finite") as error:
        capture(small(lambda linear, x: (linear(x), x * value)), (pair,), OPSET)
    assert one_sentence(error)


def test_a_module_that_cannot_be_traced_is_refused_in_one_sentence(small, pair, capfd):
    with pytest.raises(ExportError, match=r"Small cannot be exported: \w+") as error:
        capture(small(lambda linear, x: linear(x) if x.sum() > 0 else x), (pair,), OPSET)
    assert one_sentence(error)
    assert capfd.readouterr() == ("", "")


def test_a_type_that_numpy_lacks_is_refused(small, pair):
    with pytest.raises(InputError, match=r"bfloat16 .* export the module in float32"):
        capture(small(lambda linear, x: x * 2), (pair.bfloat16(),), OPSET)


def test_the_module_runs_in_eval_mode_and_is_left_as_it_was(small, pair):
    seen = []
    module = small(lambda linear, x: (seen.append(linear.training), linear(x))[1])
    module.train()
    module.linear.eval()
    capture(module, (pair,), OPSET)
    assert not any(seen)
    assert module.training
    assert not module.linear.training


def test_the_module_is_left_as_it_was_when_it_raises(small, pair):
    module = small(lambda linear, x: linear(x[0, 0]))
    module.train()
    with pytest.raises(InputError):
        capture(module, (pair,), OPSET)
    assert module.training


def test_an_input_that_the_module_writes_into_stays(small, pair):
    given = pair.clone()
    captured = capture(small(lambda linear, x: linear(x.mul_(2))), (given,), OPSET)
    assert (given == pair).all()
    assert (next(iter(captured.inputs.values())) == pair.numpy()).all()


def test_logging_is_as_loud_as_before(small, pair):
    levels = [logging.getLogger(name).level for name in ("torch", "torch.onnx")]
    capture(small(lambda linear, x: linear(x)), (pair,), OPSET)
    assert [logging.getLogger(name).level for name in ("torch", "torch.onnx")] == levels


class TestSensitivity:
    def of(self, small, function, *inputs):
        return capture(small(function), inputs, OPSET).sensitivity

    def test_live_outputs_move_with_the_input(self, small, pair):
        assert self.of(small, lambda linear, x: linear(x), pair) > 0.1

    def test_dead_activations_do_not(self, small, pair):
        assert self.of(small, lambda linear, x: linear(x) * 1e-9 + 1, pair) < 1e-6

    def test_integers_are_drawn_between_those_given(self, small):
        indices = torch.tensor([[0, 3, 1, 2, 2, 0]])
        assert (
            self.of(small, lambda linear, x: torch.nn.functional.embedding(x, linear.weight), indices) > 0.1
        )

    def test_a_mask_is_drawn_as_one(self, small, pair):
        mask = torch.tensor([[True, False, True, False]] * 2)
        assert self.of(small, lambda linear, m: torch.where(m, linear.weight[:2], 0.0), mask) > 0.1

    @pytest.mark.parametrize("shape", [(0, 4), (2, 4)])
    def test_outputs_that_cannot_tell_leave_it_unknown(self, small, shape):
        assert self.of(small, lambda linear, x: x * 0, torch.ones(shape)) is None

    def test_another_input_that_leads_out_of_bounds_leaves_it_unknown(self, small):
        positive = torch.from_numpy(np.full((2, 4), 3.0, np.float32))
        assert self.of(small, lambda linear, x: torch.log(x), positive) is None


class TestComplexValues:
    def operators(self, captured):
        return {node.op_type for node in captured.model.graph}

    def test_become_real_operators_under_the_names_of_the_inputs(self, small, pair):
        module = small(lambda linear, x: torch.fft.irfft(torch.fft.rfft(linear(x)) * 2, n=4))
        captured = capture(module, (pair,), OPSET, ["image"])
        assert list(captured.inputs) == ["image"]
        assert "DFT" not in self.operators(captured)
        with torch.no_grad():
            assert (next(iter(captured.outputs.values())) == module(pair).numpy()).all()

    def test_stay_what_torch_makes_of_them_when_asked(self, small, pair):
        module = small(lambda linear, x: torch.fft.rfft(linear(x)).abs())
        assert "DFT" in self.operators(capture(module, (pair,), OPSET, fourier="dft_op"))

    @pytest.mark.parametrize("fourier", ["lowered", "dft_op"])
    def test_are_refused_as_outputs(self, small, pair, fourier):
        module = small(lambda linear, x: (x, torch.fft.rfft(linear(x))))
        with pytest.raises(
            InputError, match=r"Small returns a complex tensor, .* torch.view_as_real"
        ) as error:
            capture(module, (pair,), OPSET, fourier=fourier)
        assert one_sentence(error)

    def test_are_refused_as_inputs(self, small, pair):
        with pytest.raises(InputError, match="Small takes a complex tensor") as error:
            capture(small(lambda linear, x: x.abs()), (pair + 1j,), OPSET)
        assert one_sentence(error)

    def test_what_cannot_be_traced_is_refused_in_one_sentence(self, small, pair, capfd):
        module = small(lambda linear, x: torch.fft.rfft(x).abs() if x.sum() > -1e9 else x)
        with pytest.raises(ExportError, match=r"Small cannot be exported: \w+") as error:
            capture(module, (pair,), OPSET)
        assert one_sentence(error)
        assert capfd.readouterr() == ("", "")

    def test_a_module_without_them_takes_no_detour(self, small, pair, monkeypatch):
        monkeypatch.setattr("exporters.fourier.module.real_module", None)
        assert capture(small(lambda linear, x: linear(x)), (pair,), OPSET).outputs
