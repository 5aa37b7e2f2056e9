import errno
import os
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latbench.errors import BadInput, EnvironmentFault
from latbench.records import csvfile
from latbench.records.columns import Column

COLUMNS = (
    Column("schema", "number", "", int),
    Column("model", "text", ""),
    Column("runtime", "text", ""),
    Column("status", "text", ""),
    Column("latency_ms", "ms", "", float),
    Column("spinning", "true/false", "", bool),
)
TEXT = st.none() | st.text(min_size=1)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "schema": st.just(1),
            "model": TEXT,
            "runtime": TEXT,
            "status": TEXT,
            "latency_ms": st.none() | st.floats(allow_nan=False),
            "spinning": st.none() | st.booleans(),
        }
    ),
    max_size=4,
)


def row(**changes):
    return dict.fromkeys(column.name for column in COLUMNS) | {"schema": 1} | changes


@pytest.fixture
def file(tmp_path):
    return tmp_path / "latency.csv"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_rows_survive_the_file(rows):
    with tempfile.TemporaryDirectory() as folder:
        csvfile.write(rows, f"{folder}/latency.csv", COLUMNS)
        assert csvfile.read(f"{folder}/latency.csv", COLUMNS) == rows


def test_golden():
    rows = [
        row(model="naïve, 模型", runtime='said "fast"', status="ok", latency_ms=0.1 + 0.2, spinning=False),
        row(model="two\nlines", latency_ms=1e-07, spinning=True),
        row(),
    ]
    assert csvfile.text(rows, COLUMNS) == (
        "schema,model,runtime,status,latency_ms,spinning\n"
        '1,"naïve, 模型","said ""fast""",ok,0.30000000000000004,false\n'
        '1,"two\nlines",,,1e-07,true\n'
        "1,,,,,\n"
    )


def test_the_bytes_are_utf8_with_lf(file):
    csvfile.write([row(model="é", status="\udcff")], file, COLUMNS)
    assert file.read_bytes().splitlines(keepends=True)[1] == "1,é,,\\udcff,,\n".encode()


def test_a_table_saved_by_a_spreadsheet_or_pandas_is_read(file):
    file.write_bytes(
        b"\xef\xbb\xbfstatus,schema,model,runtime,latency_ms,spinning,note\r\n"
        b"ok,1.0,toy,fake,5,True,mine\r\n"
        b"\r\n"
    )
    assert csvfile.read(file, COLUMNS) == [
        row(model="toy", runtime="fake", status="ok", latency_ms=5.0, spinning=True)
    ]


def test_columns_the_file_lacks_are_unknown(file):
    file.write_text("schema,model,runtime,status\n1,toy,fake,ok\n")
    assert csvfile.read(file, COLUMNS) == [row(model="toy", runtime="fake", status="ok")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no column 'schema'"),
        (b"name,ms\na,1\n", "has no column 'schema'"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"schema,model,runtime,status\n2,a,b,ok\n", r"line 2, has schema 2 .* reads up to 1: upgrade"),
        (b"schema,model,runtime,status,latency_ms\n1,a,b,ok,fast\n", "line 2, column latency_ms: 'fast'"),
        (b"schema,model,runtime,status,spinning\n1,a,b,ok,maybe\n", "line 2, column spinning: 'maybe'"),
        (b"schema,model,runtime,status\n1.5,a,b,ok\n", r"line 2, column schema: '1\.5'"),
        (b"schema,model,runtime,status\n1,a,b,ok\n1,a\n", "line 3, has 2 cells under 4 columns"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(file, content, says):
    file.write_bytes(content)
    with pytest.raises(BadInput, match=says) as caught:
        csvfile.read(file, COLUMNS)
    assert str(file) in str(caught.value)


def test_a_missing_file_or_a_folder_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"There is no .*none\.csv"):
        csvfile.read(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(BadInput, match="Cannot read"):
        csvfile.read(tmp_path, COLUMNS)


@pytest.mark.parametrize("call", ["fsync", "replace", "ftruncate"])
def test_a_fault_leaves_the_old_file_and_no_litter(tmp_path, file, monkeypatch, call):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    csvfile.write([row(model="old")], file, COLUMNS)
    before = file.read_bytes()
    monkeypatch.setattr(os, call, full)
    with pytest.raises(EnvironmentFault, match=r"No space left to write .*latency\.csv"):
        csvfile.write([row(model="new")], file, COLUMNS)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_an_interrupt_leaves_the_old_file_and_no_litter(tmp_path, file, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        csvfile.write([row()], file, COLUMNS)
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_is_said(file):
    file.write_text("")
    with pytest.raises(EnvironmentFault, match="Cannot write"):
        csvfile.write([], file / "latency.csv", COLUMNS)
