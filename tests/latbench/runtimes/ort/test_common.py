from types import SimpleNamespace

import numpy as np
import pytest

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions
from latbench.runtimes.ort import common


def test_off_the_cpu_no_node_may_fall_back_and_its_place_is_written_down():
    gpu = common.session_options(SessionOptions(device="cuda"))
    for key in ("session.disable_cpu_ep_fallback", "session.record_ep_graph_assignment_info"):
        assert gpu.get_session_config_entry(key) == "1"
        with pytest.raises(RuntimeError, match="does not have"):
            common.session_options(SessionOptions()).get_session_config_entry(key)


@pytest.mark.parametrize("spinning", [None, True, False])
def test_spinning_and_threads_are_options(spinning):
    live = common.session_options(SessionOptions(threads=3, spinning=spinning))
    assert common.spinning(live) is spinning
    assert (live.intra_op_num_threads, live.inter_op_num_threads) == (3, 1)


def test_the_caller_is_one_of_the_threads():
    assert common.threads(4, 10, 13) == 4
    assert common.threads(4, 10, 11) == 2
    assert common.threads(4, None, 11) == 4


def test_a_type_that_numpy_lacks_is_named():
    assert common.dtype(SimpleNamespace(name="x", type="tensor(int8)")) is np.int8
    with pytest.raises(BadInput, match=r"cannot bind 'x', which is a tensor\(bfloat16\)"):
        common.dtype(SimpleNamespace(name="x", type="tensor(bfloat16)"))


def test_a_symbol_in_a_shape_is_no_fixed_shape():
    assert common.static(SimpleNamespace(shape=[1, 3]))
    assert not common.static(SimpleNamespace(shape=["n", 3]))


@pytest.mark.parametrize(
    ("kind", "held", "precision"),
    [
        ("tensor(float)", {}, "fp32"),
        ("tensor(float)", {"fp16": 9, "fp32": 1}, "fp16"),
        ("tensor(double)", {}, "fp64"),
        ("tensor(int64)", {}, None),
    ],
)
def test_precision_is_that_of_the_weights_else_of_the_input(kind, held, precision):
    session = SimpleNamespace(get_inputs=lambda: [SimpleNamespace(type=kind)])
    assert common.precision(session, held) == precision
