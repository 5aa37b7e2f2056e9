from pathlib import Path

import pytest

from exporters.lowerings.table import Row, Table, packaged
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.tables import in_use, own, place, write

ROW = Row("onnxruntime", "h", 56, 64, 1, "none", False, "circulant", 0.2, 2.5, cpu="This CPU")
TABLE = Table((ROW,), {"cpu": "This CPU"})


def test_the_place_is_the_variables_else_the_data_folders():
    assert place({"LATBENCH_LOWERINGS": "a/b.csv"}) == Path("a/b.csv")
    assert place({"XDG_DATA_HOME": "data"}) == Path("data/latbench/lowerings.csv")
    assert place({}) == Path.home() / ".local" / "share" / "latbench" / "lowerings.csv"


def test_a_table_that_is_not_there_is_none_unless_it_was_named(tmp_path):
    assert own({"XDG_DATA_HOME": str(tmp_path)}) is None
    with pytest.raises(BadInput, match=r"^LATBENCH_LOWERINGS names .*none\.csv, which is no file; make one"):
        own({"LATBENCH_LOWERINGS": str(tmp_path / "none.csv")})


def test_what_was_written_is_in_use_with_the_packages_in_its_gaps(tmp_path):
    environ = {"XDG_DATA_HOME": str(tmp_path)}
    assert in_use(environ) is packaged()
    write(TABLE, place(environ))
    assert own(environ) == place(environ)
    table = in_use(environ)
    assert table.rows[0] == ROW
    assert len(table.rows) > len(packaged().rows) - 30
    assert table.matches("This CPU")


def test_a_table_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match=r"bad\.csv has no column runtime"):
        in_use({"LATBENCH_LOWERINGS": str(tmp_path / "bad.csv")})


def test_a_table_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="Cannot write"):
        write(TABLE, tmp_path / "file" / "lowerings.csv")
