import json

import numpy as np
import pytest

from latbench import runtimes
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.fake import BEHAVIOURS, MISFORTUNES


def prepare(**kwargs):
    return runtimes.get("fake").prepare(Source("module", kwargs=kwargs), SessionOptions())


def test_outputs_copy_the_inputs_unless_spoilt():
    session = prepare(scale=2.0, offset=1.0)
    session.bind({"a": np.ones(2), "b": np.zeros(3)})
    session.run()
    outputs = session.outputs()
    np.testing.assert_array_equal(outputs["output"], [3, 3])
    np.testing.assert_array_equal(outputs["output_1"], [1, 1, 1])


@pytest.mark.parametrize(
    ("kwargs", "shape", "dtype"),
    [({"shape": [4]}, (4,), np.float32), ({"dtype": "int32"}, (2, 3), np.int32), ({}, (2, 3), np.float32)],
)
def test_outputs_of_another_kind(kwargs, shape, dtype):
    session = prepare(**kwargs)
    session.bind({"a": np.ones((2, 3), np.float32)})
    assert (session.outputs()["output"].shape, session.outputs()["output"].dtype) == (shape, dtype)


def test_outputs_can_be_too_few_and_not_numbers():
    session = prepare(count=1, offset="nan")
    session.bind({"a": np.ones(2), "b": np.zeros(3)})
    (output,) = session.outputs().values()
    assert np.isnan(output).all()


def test_misfortunes_of_a_model_come_by_environment(monkeypatch):
    monkeypatch.setenv(MISFORTUNES, json.dumps({"bad": {"fail_in_prepare": "by order"}}))
    fake = runtimes.get("fake")
    fake.prepare(Source("onnx", path="folder/good.onnx"), SessionOptions())
    with pytest.raises(RuntimeError, match="by order"):
        fake.prepare(Source("onnx", path="folder/bad.onnx"), SessionOptions())


def test_facts_claim_what_they_are_told():
    facts = prepare(precision="bf16", provider="other", threads=1).facts
    assert (facts.precision, facts.provider, facts.threads) == ("bf16", "other", 1)


def test_it_fails_where_it_is_told():
    with pytest.raises(RuntimeError, match="no such operator"):
        prepare(fail_in_prepare="no such operator")
    session = prepare(fail="bad step")
    with pytest.raises(RuntimeError, match="bad step"):
        session.run()


def test_every_behaviour_can_be_called():
    assert all(callable(behave) for behave in BEHAVIOURS.values())


@pytest.mark.parametrize(("spinning", "variable"), [(False, "0"), (True, "1")])
def test_spinning_travels_by_environment(monkeypatch, spinning, variable):
    variables = runtimes.get("fake").environment(SessionOptions(spinning=spinning))
    assert variables == {"LATBENCH_FAKE_SPINNING": variable}
    monkeypatch.setenv(*next(iter(variables.items())))
    assert prepare().facts.spinning is spinning
