from dataclasses import replace

import pytest

from exporters.errors import InputError
from exporters.lowerings.name import VALUES
from exporters.lowerings.table import COLUMNS, PACKAGED, Row, Table, chosen, load, ordered, packaged, parsed

HEADER = ",".join(COLUMNS)
LINE = "onnxruntime,h,56,64,1,none,0,circulant,0.2,2.5,2.4,2.6,conv"


def written(*lines, facts="# cpu: Some CPU\n"):
    return (facts + "\n".join((HEADER, *lines)) + "\n").encode()


def row(**changes):
    return replace(Row("onnxruntime", "h", 56, 64, 1, "none", False, "circulant", 0.2, 2.5), **changes)


def test_a_line_becomes_a_row_with_the_files_processor():
    table = parsed(written(LINE), "a.csv")
    assert table.rows == (row(ci95_low=2.4, ci95_high=2.6, cpu="Some CPU"),)
    assert (table.origin, table.cpu) == ("a.csv", "Some CPU")
    assert len(table.sha256) == 64


def test_what_is_unknown_is_none():
    (one,) = parsed(written("openvino,w,7,32,2,conv,1,spatial+matmul,,0.9,,,matmul"), "a.csv").rows
    assert (one.ms, one.ci95_low, one.ci95_high, one.dense) == (None, None, None, True)


def test_text_reads_back():
    rows = (row(cpu="Some CPU"), row(lowering="circulant+matmul", ms=None, neighbours="conv", cpu="Some CPU"))
    table = Table(rows, {"machine": "a: box", "cpu": "Some CPU"})
    again = parsed(table.text().encode(), "a.csv")
    assert (again.rows, again.facts) == (table.rows, table.facts)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (LINE.replace("circulant", "circle"), "there is no lowering 'circle'"),
        (LINE.replace("circulant", "auto"), "there is no lowering 'auto'"),
        (LINE.replace(",h,", ",x,"), "axis 'x' is none of h, w"),
        (LINE.replace("none", "both"), "neighbours 'both' is none of none, conv"),
        (LINE.replace(",0,", ",2,"), "dense '2' is none of 0, 1"),
        (LINE.replace("56", "0"), "length '0' is no whole number of at least 1"),
        (LINE.replace("64", "six"), "channels 'six' is no whole number of at least 1"),
        (LINE.replace("2.5", "-1"), "over_spatial '-1' is no number above 0"),
        (LINE.replace("2.5", "nan"), "over_spatial 'nan' is no number above 0"),
        (LINE.replace("2.5", ""), "over_spatial is empty"),
        (LINE.replace("0.2,", "fast,"), "ms 'fast' is no number above 0"),
        (LINE.replace("conv", "matmul"), "pointwise 'matmul' is not that of circulant"),
        ("onnxruntime,h", "line 4: "),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line, told):
    with pytest.raises(InputError, match=r"^a\.csv, line 4: .*; mend it or name another table\.$") as caught:
        parsed(written(LINE.replace("64", "32"), line), "a.csv")
    assert told in str(caught.value)


def test_a_row_that_stands_twice_is_refused():
    with pytest.raises(InputError, match="circulant stands twice for onnxruntime, axis h, N 56, 64 channels"):
        parsed(written(LINE, LINE), "a.csv")


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"a\.csv has no column neighbours; name another table"):
        parsed(written(LINE).replace(b"neighbours", b"around"), "a.csv")


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(InputError, match=r"a\.csv is no CSV file"):
        parsed(b"\xff\xfe\x00", "a.csv")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: No such file or directory; name another"):
        load(tmp_path / "none.csv")


def test_ones_own_cells_come_first_and_the_others_fill_the_gaps():
    mine = Table((row(over_spatial=3.0),), {"cpu": "mine"}, "mine.csv", "1")
    theirs = Table((row(lowering="grouped_conv"), row(length=28)), {"cpu": "theirs"}, "theirs.csv", "2")
    both = mine.over(theirs)
    assert both.rows == (row(over_spatial=3.0), row(length=28))
    assert (both.cpu, both.origin) == ("mine", "mine.csv over theirs.csv")
    assert both.sha256 not in (mine.sha256, theirs.sha256)


@pytest.mark.parametrize(
    ("cpu", "machine", "same"),
    [("A B", "A  B", True), ("A B", "A C", False), (None, "A", False), ("A", None, False)],
)
def test_a_table_is_of_one_processor(cpu, machine, same):
    assert Table((), {} if cpu is None else {"cpu": cpu}).matches(machine) is same


def test_the_packages_table_reads_and_names_its_machine():
    table = packaged()
    assert table.origin == PACKAGED
    assert table.cpu
    assert {(one.runtime, one.axis) for one in table.rows} >= {
        (runtime, axis) for runtime in ("onnxruntime", "openvino") for axis in "hw"
    }
    assert all(one.lowering in VALUES for one in table.rows)
    assert {one.neighbours for one in table.rows} == {"none", "conv"}
    assert list(table.rows) == ordered(table.rows)


def test_a_chosen_file_stands_over_the_packages(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_bytes(written(LINE))
    table = chosen(file)
    assert table.rows[0].cpu == "Some CPU"
    assert len(table.rows) > 1
    assert chosen(None) is packaged()


def test_rows_are_ordered_by_cell_and_then_by_speed():
    slow, fast, small = row(over_spatial=1.5), row(lowering="grouped_conv"), row(length=7)
    assert ordered((slow, fast, small)) == [small, fast, slow]
