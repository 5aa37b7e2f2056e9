"""Rows as a pandas data frame."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from latbench.errors import EnvironmentFault
from latbench.records import Row, columns

if TYPE_CHECKING:
    import pandas

_TYPES = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}


def frame(rows: Iterable[Row]) -> "pandas.DataFrame":
    """Return `rows` as a data frame with every column of latency.csv, typed; unknown is pandas.NA.

    Units are in the column names (results/README.md). Raises EnvironmentFault without pandas.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            "A data frame needs pandas, which is missing: pip install 'latbench[tables]'."
        ) from error
    listed = list(rows)
    series = {
        column.name: pandas.array([row.get(column.name) for row in listed], dtype=_TYPES[column.type])
        for column in columns()
    }
    return pandas.DataFrame(series)
