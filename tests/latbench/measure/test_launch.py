import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.launch import STATUSES, LaunchRequest, LaunchResult
from latbench.runtimes.base import SessionOptions, Source

text = st.text(max_size=12)
maybe = st.none() | st.integers(0, 2**63 - 1)
durations = st.lists(st.integers(0, 2**63 - 1), max_size=5).map(tuple)
plain = st.dictionaries(text, st.none() | st.booleans() | st.integers() | text, max_size=3)

requests = st.builds(
    LaunchRequest,
    source=st.builds(Source, kind=text, path=st.none() | text, factory=st.none() | text, kwargs=plain),
    runtime=text,
    options=st.builds(SessionOptions, device=text, threads=st.integers(), spinning=st.none() | st.booleans()),
    iterations=st.integers(),
    warmup=st.integers(),
    reference=st.none() | text,
)
results = st.builds(
    LaunchResult,
    status=st.sampled_from(STATUSES),
    reason=st.none() | text,
    samples_ns=durations,
    warmup_ns=durations,
    load_ns=maybe,
    facts=plain,
    parity=st.none() | st.dictionaries(text, st.floats(allow_nan=False), max_size=3),
    witnesses=plain,
    wall_ns=maybe,
)


@given(requests)
def test_a_request_survives_json(request_):
    assert LaunchRequest.from_json(json.loads(json.dumps(request_.to_json()))) == request_


@given(results)
def test_a_result_survives_strict_json(result):
    line = json.dumps(result.to_json(), allow_nan=False)
    assert LaunchResult.from_json(json.loads(line)) == result


def test_parity_that_is_not_a_number_survives():
    line = json.dumps(LaunchResult("ok", parity={"cosine": math.nan}).to_json(), allow_nan=False)
    assert math.isnan(LaunchResult.from_json(json.loads(line)).parity["cosine"])


@pytest.mark.parametrize(
    "garbage",
    [None, 7, [], {}, {"status": "ok"}, {**LaunchResult("ok").to_json(), "status": "splendid"},
     {**LaunchResult("ok").to_json(), "samples_ns": ["x"]}, {**LaunchResult("ok").to_json(), "surplus": 1}],
)  # fmt: skip
def test_garbage_is_refused(garbage):
    with pytest.raises(ValueError, match=r"not a launch|invalid literal"):
        LaunchResult.from_json(garbage)
