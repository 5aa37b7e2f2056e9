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
