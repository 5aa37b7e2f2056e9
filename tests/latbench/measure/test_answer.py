import json
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure import answer
from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.runtimes.base import SessionOptions, Source

REQUEST = LaunchRequest(Source("module"), "fake", SessionOptions(), 3, 1, None)
GOOD = LaunchResult(
    "ok",
    samples_ns=(5, 6, 7),
    warmup_ns=(9,),
    load_ns=1,
    facts={"threads": 2, "precision": "fp32", "spinning": None, "extra": {"streams": 1}},
    parity={"max_abs": 0.0, "max_rel": float("inf"), "cosine": float("nan")},
    witnesses={"steal": 0.5, "compute_before_ns": [1, None]},
)


@pytest.fixture
def left(tmp_path):
    """Reads what a child left that wrote these bytes."""

    def read(content: bytes) -> LaunchResult | None:
        (tmp_path / "result.json").write_bytes(content)
        return answer.read(tmp_path / "result.json", REQUEST)

    return read


def changed(**fields) -> bytes:
    return json.dumps({**GOOD.to_json(), **fields}).encode()


def test_a_true_result_is_returned(left):
    result = left(changed())
    assert result.to_json() == GOOD.to_json()


def test_device_latencies_come_one_per_sample_or_not_at_all(left):
    assert left(changed(device_ns=[2, 3, 4])).device_ns == (2, 3, 4)
    assert left(changed(device_ns=[])).device_ns == ()
    older = GOOD.to_json()
    del older["device_ns"]
    assert left(json.dumps(older).encode()).device_ns == ()


def test_no_file_is_none(tmp_path):
    assert answer.read(tmp_path / "absent.json", REQUEST) is None


@given(st.binary(max_size=300))
def test_no_bytes_pass_for_a_result_by_accident(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("result") / "result.json"
    path.write_bytes(content)
    with pytest.raises(answer.Unusable, match="its result is") as caught:
        answer.read(path, REQUEST)
    assert str(caught.value).isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(GOOD.to_json())), json_values)
def test_no_field_of_another_type_raises_anything_else(tmp_path_factory, name, value):
    path = tmp_path_factory.mktemp("result") / "result.json"
    path.write_bytes(changed(**{name: value}))
    with suppress(answer.Unusable):
        result = answer.read(path, REQUEST)
        assert result.status != "ok" or len(result.samples_ns) == 3
        again = LaunchResult.from_json(json.loads(json.dumps(result.to_json())))
        assert again.samples_ns == result.samples_ns


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"samples_ns": [5, 6]}, "it brought 2 samples, not the 3 asked for"),
        ({"samples_ns": []}, "it brought 0 samples"),
        ({"samples_ns": [5, 6, 7, 8]}, "it brought 4 samples"),
        ({"samples_ns": [5, 0, 7]}, "sample 2 of 3 lasts 0 ns"),
        ({"samples_ns": [5, 6, -7]}, "sample 3 of 3 lasts -7 ns"),
        ({"samples_ns": [5, 6, 2**63]}, "sample 3 of 3 lasts 9223372036854775808 ns"),
        ({"samples_ns": [5, float("nan"), 7]}, "not JSON: NaN is not a figure"),
        ({"samples_ns": [5, float("inf"), 7]}, "not JSON: Infinity is not a figure"),
        ({"samples_ns": [5, 6.5, 7]}, "its samples_ns are not all whole numbers: number 2 is 6.5"),
        ({"samples_ns": [5, "6", 7]}, "number 2 is '6'"),
        ({"samples_ns": [5, True, 7]}, "number 2 is True"),
        ({"samples_ns": "567"}, "its samples_ns are no list"),
        ({"device_ns": [5, 6]}, "it brought 2 device latencies for 3 samples"),
        ({"device_ns": [5, 6, 0]}, "device latency 3 of 3 lasts 0 ns"),
        ({"device_ns": [5, 6, 7.5]}, "its device_ns are not all whole numbers: number 3 is 7.5"),
        ({"device_ns": None}, "its device_ns are no list"),
        ({"warmup_ns": None}, "its warmup_ns are no list"),
        ({"load_ns": "5"}, "its load_ns is '5', not of type int"),
        ({"facts": {"threads": "two"}}, "its facts.threads is 'two', not of type int"),
        ({"facts": {"precision": 32}}, "its facts.precision is 32, not of type str"),
        ({"facts": []}, "its facts are no table of fields"),
        ({"witnesses": 1}, "its witnesses are no table of fields"),
        ({"parity": {"max_abs": 0.0}}, "its parity tells 'max_abs'"),
        ({"parity": {}}, "its parity tells nothing"),
        ({"parity": [1]}, "its result is malformed"),
        ({"reason": 7}, "its reason is of type int, not text"),
        ({"status": "splendid"}, "not a launch status: splendid"),
        ({"surplus": 1}, "its result is malformed"),
    ],
)
def test_what_is_wrong_is_told(left, fields, told):
    with pytest.raises(answer.Unusable) as caught:
        left(changed(**fields))
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("depth", [2_000, 200_000])
def test_a_bomb_of_brackets_is_refused(left, depth):
    with pytest.raises(answer.Unusable):
        left(b"[" * depth + b"]" * depth)


def test_a_figure_beyond_floats_is_refused(left):
    with pytest.raises(answer.Unusable, match="1e999 is not a figure"):
        left(changed(witnesses={}).replace(b'"witnesses": {}', b'"witnesses": {"x": 1e999}'))


def test_a_whole_number_without_end_is_refused(left):
    with pytest.raises(answer.Unusable):
        left(changed().replace(b"[5,", b"[" + b"9" * 100_000 + b","))


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "result.json"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # sparse: takes no room
    with pytest.raises(answer.Unusable, match="has 1073741824 bytes, more than any launch leaves"):
        answer.read(path, REQUEST)


def test_what_would_block_or_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(answer.Unusable, match="no plain file"):
            answer.read(tmp_path / name, REQUEST)


def test_a_failure_keeps_its_reason_as_one_printable_line(left):
    told = LaunchResult("failed", "no kernel\n\x1b[31mfor \ud800 Foo\x00" + "x" * 5000).to_json()
    result = left(json.dumps(told).encode())
    assert (result.status, len(result.reason)) == ("failed", answer.REASON_LENGTH)
    assert result.reason.startswith("no kernel [31mfor  Foox")
    assert result.reason.isprintable()


def test_no_more_is_asked_of_a_failure_than_a_status(left):
    assert left(json.dumps(LaunchResult("oom").to_json()).encode()) == LaunchResult("oom")
