import pytest

from latbench.errors import BadInput
from latbench.records.compare.likeness import ALLOWED, Likeness, names, shown, told


@pytest.mark.parametrize(
    ("column", "value", "waiver"),
    [
        ("model", "other", "model"),
        ("runtime", "other", "runtime"),
        ("target", "openvino", "target"),
        ("lowering", None, "lowering"),
        ("precision_requested", "bf16", "precision"),
        ("precision_actual", "bf16", "precision"),
        ("threads_requested", 1, "threads"),
        ("spinning", False, "spinning"),
        ("runtime_options", "level=5", "options"),
        ("device", "cuda", "device"),
        ("device_actual", "cuda:0", "device"),
        ("batch", 8, "batch"),
        ("input_shape", "1x3x96x96", "input_shape"),
        ("boundary", "device", "boundary"),
        ("cpu_model", "C2", "machine"),
        ("usable_cpus", 4, "machine"),
        ("governor", "powersave", "machine"),
    ],
)
def test_each_difference_forbids_until_it_is_waived(row, column, value, waiver):
    one, other = row(), row(**{column: value})
    differences = Likeness().differences(one, other)
    assert differences == {column: (one[column], value)}
    assert names(differences) == [waiver]
    assert Likeness((waiver,)).differences(one, other) == {}
    assert column in shown(one, other, (waiver,))


def test_what_one_side_does_not_know_cannot_differ(row):
    assert Likeness().differences(row(cpu_model=None, boundary=None), row()) == {}
    assert Likeness().differences(row(cpu_quota=None), row(cpu_quota=1.5)) == {}


def test_the_artifact_and_the_versions_may_differ_and_are_shown(row):
    one = row(runtime_version="1.30", versions="numpy=2;onnxruntime=1.30", kernel="6")
    other = row(runtime_version="1.31", versions="numpy=2;onnxruntime=1.31;torch=2", kernel="6")
    other["artifact_sha256"] = "ff"
    assert Likeness().differences(one, other) == {}
    assert shown(one, other) == {
        "runtime_version": ("1.30", "1.31"),
        "versions": ("onnxruntime=1.30", "onnxruntime=1.31;torch=2"),
        "artifact_sha256": (one["artifact_sha256"], "ff"),
    }


def test_the_key_leaves_out_what_is_waived(row):
    one, other = row(), row(threads_requested=1)
    assert Likeness().key(one) != Likeness().key(other)
    assert Likeness(("threads",)).key(one) == Likeness(("threads",)).key(other)


def test_a_waiver_that_is_none_is_refused():
    with pytest.raises(BadInput, match=r"--allow 'cpu' is no difference; use one of: model, .*machine"):
        Likeness(("cpu",))
    assert len(set(ALLOWED)) == len(ALLOWED)


def test_differences_as_words():
    assert told({"threads_requested": (2, 4), "lowering": (None, "x=y")}) == (
        "threads_requested (2 against 4), lowering (none against x=y)"
    )
