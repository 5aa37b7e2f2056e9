import pytest

from exporters.circular.lower import Lowered
from exporters.circular.request import Request
from exporters.errors import InputError

SITE = Lowered("a.b", "h", 14, 14, (8, 8), False, "none", "auto", "circulant", "measured")


def test_what_cannot_be_is_refused_at_once():
    with pytest.raises(InputError, match="no lowering 'fast'; use one of: auto, spatial, fft, "):
        Request("fast", "portable", 1)
    with pytest.raises(InputError, match="--threads 1 or more"):
        Request("auto", "portable", 0)


def test_auto_states_the_table_and_what_is_asked_for_does_not():
    auto = Request("auto", "onnxruntime", 2)
    told = auto.stated([SITE])
    assert (told["lowering"], told["threads"]) == ("auto", 2)
    assert told["table"] == {"origin": auto.table.origin, "sha256": auto.table.sha256}
    assert len(told["table"]["sha256"]) == 64
    assert auto.noted([SITE]) == {
        "lowering": "auto",
        "used": "circulant",
        "threads": "2",
        "table": auto.table.sha256,
    }
    asked = Request("circulant", "onnxruntime", 2)
    assert asked.stated([SITE]) == {"lowering": "circulant", "threads": None, "table": None}
    assert asked.noted([SITE]) == {"lowering": "circulant", "used": "circulant"}


def test_a_graph_without_an_operator_depends_on_no_table():
    auto = Request("auto", "onnxruntime", 2)
    assert auto.stated([]) == {"lowering": "auto", "threads": None, "table": None}
    assert auto.noted([]) == {}


def test_the_chooser_is_that_of_the_name(kit):
    op = kit.Case("h", (1, 4, 6, 5))
    from exporters.lowerings.base import Circular

    circular = Circular("h", op.shape, op.weight)
    assert Request("crt2", "portable", 1).chooser()(circular, "none").choice.text == "crt2"
    assert Request("fft", "portable", 1).chooser()(circular, "none").choice.text == "dense_dft"


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="Cannot read the table"):
        Request("auto", "portable", 1, tmp_path / "none.csv").chooser()
