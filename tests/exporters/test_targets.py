import subprocess
import sys

import pytest

from exporters.errors import InputError
from exporters.passes import passes
from exporters.targets import FIRST, TARGETS, passes_for


@pytest.mark.parametrize("target", TARGETS)
def test_every_pass_of_a_target_exists_and_runs_once(target):
    chosen = passes_for(target)
    assert set(chosen) <= set(passes())
    assert len(set(chosen)) == len(chosen)


def test_every_pass_belongs_to_a_target_or_runs_first():
    chosen = {step for target in TARGETS for step in passes_for(target)}
    assert chosen | set(FIRST) == set(passes())
    assert not chosen & set(FIRST)


def test_the_targets_are_these():
    assert tuple(TARGETS) == ("portable", "onnxruntime", "openvino", "tensorrt")


def test_an_unknown_target_is_refused_with_those_that_exist():
    with pytest.raises(InputError, match=r"no target 'onnx'; use one of: portable, onnxruntime") as caught:
        passes_for("onnx")
    assert str(caught.value).count(".") == 1


def test_knowing_the_targets_takes_neither_torch_nor_onnx():
    heavy = ("torch", "onnx", "onnx_ir", "onnxscript", "onnxsim", "onnxruntime")
    code = f"import sys, exporters, exporters.targets; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
