"""Records: what a run wrote down, and the rows made from it. Needs neither torch nor a runtime."""

from latbench.records.anyfile import Measured, read_any, read_launches
from latbench.records.columns import Column, columns
from latbench.records.parse import Records
from latbench.records.record import (
    KINDS,
    PENDING,
    SCHEMA,
    STATUSES,
    CellPlan,
    CellRecord,
    LaunchRecord,
    Record,
    RunRecord,
)
from latbench.records.row import Row, rows
from latbench.records.store import LOCK, RECORDS, TABLE, Store, read

__all__ = [
    "KINDS",
    "LOCK",
    "PENDING",
    "RECORDS",
    "SCHEMA",
    "STATUSES",
    "TABLE",
    "CellPlan",
    "CellRecord",
    "Column",
    "LaunchRecord",
    "Measured",
    "Record",
    "Records",
    "Row",
    "RunRecord",
    "Store",
    "columns",
    "read",
    "read_any",
    "read_launches",
    "rows",
]
