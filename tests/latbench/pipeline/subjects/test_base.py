import pytest

from latbench.errors import BadInput
from latbench.pipeline.subjects.base import Subject

SUBJECT = Subject(
    kind="zoo",
    name="m",
    forms={"layout": ("last", "first")},
    forms_for=lambda target: {"layout": "first" if target == "fast" else "last"},
)


def test_a_target_brings_its_forms():
    assert SUBJECT.wish("fast", 20).forms == {"layout": "first"}


def test_given_forms_come_before_the_targets():
    assert SUBJECT.wish("fast", 20, {"layout": "last"}).forms == {"layout": "last"}


def test_a_form_the_subject_lacks_is_left_out():
    assert SUBJECT.wish("slow", 20, {"expand": "repeat"}).forms == {"layout": "last"}


def test_a_value_the_form_lacks_is_refused():
    with pytest.raises(BadInput, match="m has no --layout 'middle'; use one of: last, first"):
        SUBJECT.wish("slow", 20, {"layout": "middle"})


@pytest.mark.parametrize(
    ("target", "forms", "threads"),
    [
        ("openvino", {}, 4),
        ("openvino", {"parc": "auto"}, 4),
        ("openvino", {"parc": "crt2"}, None),
        ("eager", {"parc": "auto"}, 4),
        ("eager", {}, None),
    ],
)
def test_threads_count_where_a_lowering_is_left_to_auto(target, forms, threads):
    lowered = Subject(kind="factory", name="m", forms={"parc": ("auto", "crt2")})
    assert lowered.wish(target, 20, forms, 4).threads == threads
    assert SUBJECT.wish(target, 20, None, 4).threads is None


def test_a_form_of_exported_graphs_cannot_be_run_as_it_is():
    lowered = Subject(kind="zoo", name="m", eager_forms={"parc": ("auto", "fft")})
    assert lowered.eager_refusal({"parc": "fft", "layout": "last"}) is None
    assert lowered.eager_refusal({}) is None
    assert lowered.eager_refusal({"parc": "crt2"}) == (
        "--parc crt2 is a form of exported graphs; a module that runs as it is takes auto, fft"
    )
