import pytest

from latbench.reports.title import title, where


@pytest.mark.parametrize(("threads", "words"), [(1, "1 thread"), (4, "4 threads"), (None, "unknown threads")])
def test_a_row_is_named_by_model_runtime_and_threads(row, threads, words):
    assert where(row(threads_requested=threads)) == f"efficientmod_s on onnxruntime, {words}"


def test_the_title_says_how_the_row_ended_and_why(row, crashed):
    assert title(row()) == "efficientmod_s on onnxruntime, 4 threads: ok"
    assert title(crashed()) == "efficientmod_s on onnxruntime, 4 threads: crashed (killed by signal 11)"
