import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latbench.measure.launch import LaunchResult
from latbench.records.line import NewerSchema, decode, encode
from latbench.records.record import STATUSES, CellPlan, CellRecord, LaunchRecord, RunRecord

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.characters(codec=None), max_size=12)
COUNT = st.integers(0, 2**62)
PLAIN = st.recursive(
    st.none() | st.booleans() | COUNT | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(TEXT, PLAIN, max_size=3)
PARITY = st.fixed_dictionaries({"max_abs": st.floats(0), "max_rel": st.floats(0), "cosine": st.floats(-1, 1)})
PLANS = st.builds(
    CellPlan,
    model=TEXT,
    input_shape=TEXT,
    target=TEXT,
    runtime=TEXT,
    source=FACTS,
    macs=st.none() | COUNT,
    artifact_sha256=st.none() | TEXT,
    lowering=st.none() | TEXT,
    threads=COUNT,
    spinning=st.none() | st.booleans(),
)
RESULTS = st.builds(
    LaunchResult,
    status=st.sampled_from(["ok", "failed", "timeout", "crashed", "oom"]),
    reason=st.none() | TEXT,
    samples_ns=st.lists(COUNT, max_size=5).map(tuple),
    warmup_ns=st.lists(COUNT, max_size=5).map(tuple),
    load_ns=st.none() | COUNT,
    facts=FACTS,
    parity=st.none() | PARITY,
    witnesses=FACTS,
)
RECORDS = st.one_of(
    st.builds(
        RunRecord,
        run_id=TEXT,
        created=TEXT,
        command=st.lists(TEXT, max_size=3).map(tuple),
        cells=st.lists(PLANS, max_size=2).map(tuple),
        iterations=COUNT,
        launches=COUNT,
        warmup=COUNT,
        protocol=TEXT,
        seed=st.none() | COUNT,
        machine=FACTS,
        versions=st.dictionaries(TEXT, TEXT, max_size=2),
        environment=FACTS,
    ),
    st.builds(
        LaunchRecord,
        run_id=TEXT,
        cell_id=TEXT,
        index=COUNT,
        attempt=COUNT,
        started=st.none() | TEXT,
        result=RESULTS,
    ),
    st.builds(
        CellRecord, run_id=TEXT, cell_id=TEXT, status=st.sampled_from(STATUSES), reason=st.none() | TEXT
    ),
)


@UNTIMED
@given(RECORDS)
def test_a_record_survives_the_file(record):
    line = encode(record)
    assert decode(line) == record
    assert line.count(b"\n") == 1
    assert line.isascii()


@UNTIMED
@given(RECORDS)
def test_no_proper_prefix_of_a_line_is_json(record):
    line = encode(record).rstrip(b"\n")
    for length in range(1, len(line), max(1, len(line) // 20)):
        with pytest.raises(ValueError, match="not JSON"):
            decode(line[:length])


def test_a_cell_record_as_text():
    record = CellRecord(run_id="r", cell_id="c", status="crashed", reason="signal 11 – naïve 模型")
    assert encode(record) == (
        b'{"schema":1,"kind":"cell","run_id":"r","cell_id":"c","status":"crashed",'
        b'"reason":"signal 11 \\u2013 na\\u00efve \\u6a21\\u578b"}\n'
    )


def test_what_json_cannot_hold_becomes_text_or_numbers(run, launch):
    machine = {"load": math.nan, "limit": math.inf, "cpus": np.int64(4), "set": (0, 1), "path": run}
    line = encode(run(machine=machine))
    held = json.loads(line, parse_constant=pytest.fail)["machine"]
    assert held == {"load": "nan", "limit": "inf", "cpus": 4, "set": [0, 1], "path": str(run)}
    far_off = launch(parity={"max_abs": math.inf, "max_rel": math.inf, "cosine": 0.0})
    assert decode(encode(far_off)).result.parity["max_rel"] == math.inf


def test_fields_added_by_a_later_version_are_passed_over(launch):
    values = json.loads(encode(launch()))
    values["weather"] = "fine"
    values["result"]["mood"] = "good"
    assert decode(json.dumps(values).encode()) == launch()


def test_a_newer_schema_is_told_apart(launch):
    values = json.loads(encode(launch())) | {"schema": 2}
    with pytest.raises(NewerSchema) as caught:
        decode(json.dumps(values).encode())
    assert caught.value.schema == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"\x00\x00\x00", "not JSON"),
        (b"[1]", "no schema number"),
        (b'{"schema":"1","kind":"cell"}', "no schema number"),
        (b'{"schema":true,"kind":"cell"}', "no schema number"),
        (b'{"schema":1,"kind":"note"}', "'note' is none of run, launch, cell"),
        (b'{"schema":1,"kind":["run"]}', "is none of"),
        (b'{"schema":1,"kind":"launch","run_id":"r"}', "lacks the field 'result'"),
        (b'{"schema":1,"kind":"cell","run_id":"r"}', "malformed"),
        (b'{"schema":1,"kind":"cell","run_id":"r","cell_id":"c","status":"fine"}', "'fine' is none of ok"),
        (b'{"schema":1,"kind":"launch","result":7}', "malformed"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line, says):
    with pytest.raises(ValueError, match=says):
        decode(line)
