import pytest

from latbench.reports.title import details, model, title, where


@pytest.mark.parametrize(("threads", "words"), [(1, "1 thread"), (4, "4 threads"), (None, "unknown threads")])
def test_a_row_is_named_by_model_runtime_and_threads(row, threads, words):
    assert where(row(threads_requested=threads)) == f"efficientmod_s on onnxruntime, {words}"


def test_the_title_says_how_the_row_ended_and_why(row, crashed):
    assert title(row()) == "efficientmod_s on onnxruntime, 4 threads: ok"
    assert title(crashed()) == "efficientmod_s on onnxruntime, 4 threads: crashed (killed by signal 11)"


def test_an_arm_of_a_comparison_is_part_of_the_name(row):
    assert where(row() | {"arm": "A2"}) == "efficientmod_s on onnxruntime, 4 threads, arm A2"


def test_details_tell_rows_of_one_name_apart(row):
    assert details(row()) == "portable · expand=broadcast · fp32 · 1x3x224x224 · run-1"
    assert details(row(lowering=None, target="eager")) == "eager · fp32 · 1x3x224x224 · run-1"


@pytest.mark.parametrize(
    ("evidence", "named"),
    [
        (None, "toy"),
        ("published", "toy"),
        ("inferred", "toy (inferred)"),
        ("reconstruction", "toy (reconstruction)"),
    ],
)
def test_what_is_not_published_says_so_wherever_the_model_is_named(row, evidence, named):
    changed = row(model="toy", evidence=evidence)
    assert model(changed) == named
    assert where(changed).startswith(f"{named} on ")
