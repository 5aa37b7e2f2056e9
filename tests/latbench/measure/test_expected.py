import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.measure import expected

X = np.linspace(-1, 1, 6, dtype=np.float32)


def test_a_reference_is_inputs_and_outputs(tmp_path):
    np.savez(tmp_path / "r.npz", **{"input:x": X, "output:y": 2 * X})
    inputs, outputs = expected.read(str(tmp_path / "r.npz"))
    assert (list(inputs), list(outputs)) == (["x"], ["y"])
    assert outputs["y"][0] == -2


def test_without_outputs_nothing_is_expected(tmp_path):
    np.savez(tmp_path / "r.npz", **{"input:x": X})
    assert expected.read(str(tmp_path / "r.npz"))[1] is None
    assert expected.read(None) == ({}, None)


def test_what_is_no_reference_is_named(tmp_path):
    (tmp_path / "r.npz").write_text("no archive")
    with pytest.raises(BadInput, match=r"r\.npz cannot be read"):
        expected.read(str(tmp_path / "r.npz"))


def test_outputs_of_other_names_are_matched_by_position_but_not_in_another_number():
    agreed, fault = expected.agreement({"1": X}, {"y": X})
    assert (agreed.max_abs, fault) == (0, None)
    with pytest.raises(BadInput, match=r"outputs \['1', '2'\], the reference has \['y'\]"):
        expected.agreement({"1": X, "2": X}, {"y": X})
