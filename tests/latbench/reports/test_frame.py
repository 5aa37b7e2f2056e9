import builtins

import pytest

from latbench.errors import EnvironmentFault
from latbench.records import columns
from latbench.reports import frame


def test_every_column_is_there_and_typed(row, crashed):
    import pandas

    found = frame([row(), crashed()])
    assert list(found.columns) == [column.name for column in columns()]
    assert found["params"].dtype == "Int64"
    assert found["latency_ms"][0] == 12.345
    assert found["latency_ms"][1] is pandas.NA
    assert found["status"].tolist() == ["ok", "crashed"]


def test_no_rows_are_an_empty_frame_with_the_columns():
    assert frame([]).shape == (0, len(columns()))


def test_without_pandas_the_mend_is_told(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name == "pandas":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(EnvironmentFault, match="latbench\\[tables\\]"):
        frame([])
