"""The records of a run: what was planned, what each launch brought back, how each cell ended."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from latbench.measure.launch import LaunchResult

# History of the schema. A reader refuses a newer number, so it rises only when an older reader would misread
# a record: a field removed, or its meaning or unit changed. Adding a field or a column leaves it as it is.
#   1  run, launch and cell records.
SCHEMA = 1

STATUSES = ("ok", "skipped", "failed", "timeout", "crashed", "oom", "parity_failed", "not_converged")
PENDING = "pending"
"""The status of a planned cell that has no `CellRecord` yet; shown in rows, never written as a record."""

_IDENTITY = (
    *("model", "artifact_sha256", "target", "lowering", "runtime", "device", "precision", "threads", "batch"),
    *("spinning", "input_shape"),
)


def _known(cls: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of `values` that `cls` has a field for: a later version may have added others."""
    return {item.name: values[item.name] for item in fields(cls) if item.name in values}


@dataclass(frozen=True, kw_only=True)
class CellPlan:
    """One planned cell: what is timed, on what, with which settings. Unknown is None.

    `input_shape` reads "1x3x224x224", `lowering` "expand=broadcast", `target` "portable", a runtime's name or
    "eager". `artifact_path` is relative to the results directory when inside it;
    `source` is `Source.to_json()`. `arm` tells apart cells that are otherwise the same, in a comparison;
    `knobs` are the runtime's own options that were set, as "builder_level=5;cuda_graph=off".
    """

    model: str
    input_shape: str
    target: str
    runtime: str
    source: Mapping[str, Any]
    family: str | None = None
    evidence: str | None = None
    resolution: int | None = None
    params: int | None = None
    macs: int | None = None
    artifact_path: str | None = None
    artifact_sha256: str | None = None
    artifact_bytes: int | None = None
    opset: int | None = None
    lowering: str | None = None
    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 1
    batch: int = 1
    spinning: bool | None = None
    reference: str | None = None
    reference_kind: str | None = None
    input_sha256: str | None = None
    arm: str | None = None
    knobs: str | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """Return the fields that make two cells the same cell; `arm` and `knobs` are so only where set."""
        given = {name: getattr(self, name) for name in ("arm", "knobs")}
        return {name: getattr(self, name) for name in _IDENTITY} | {
            name: value for name, value in given.items() if value is not None
        }

    @property
    def cell_id(self) -> str:
        """Return the first 12 hex digits of the SHA-256 over `identity` as compact sorted JSON."""
        text = json.dumps(self.identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def to_json(self) -> dict[str, Any]:
        """Return the fields and the cell_id as plain JSON values."""
        return {"cell_id": self.cell_id, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the plan that `to_json` wrote; ValueError when its cell_id belongs to another cell."""
        plan = cls(**_known(cls, values))
        if values.get("cell_id", plan.cell_id) != plan.cell_id:
            raise ValueError(
                f"the fields of cell {values['cell_id']} were changed (they now give {plan.cell_id})"
            )
        return plan


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run: the command, the planned cells, the protocol and the machine it ran on.

    `created` is ISO 8601 in UTC, `iterations` the timed iterations asked for per cell over all `launches`,
    `warmup` the untimed ones before each launch, `protocol` "launches", "paper", "adaptive" or "quick",
    `schedule` the order of launches ("blocks", "abba" for comparisons, "shared" for sweeps). `machine` is
    what `machine.probe` found, `versions` the version by package, `environment` further facts.

    An adaptive run has `precision_target`, the half-width of the interval to reach as a share of the
    estimate, `looks`, the launch counts at which it may stop, and `time_limit_s`, the measuring time of a
    cell after which it does; `launches` is the most there can be and `iterations` None: its pilot tells.
    `extend_s` is the measuring time of a cell within which a fixed run adds launches for its levels.

    In a sweep cells of one runtime share their launches: `iterations` are then the most there can be,
    `budget_s` the seconds of timing in a launch that its cells share, `time_limit_s` that of all launches.
    """

    run_id: str
    created: str
    command: tuple[str, ...]
    cells: tuple[CellPlan, ...]
    iterations: int | None
    launches: int
    warmup: int
    protocol: str = "launches"
    seed: int | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = "blocks"
    precision_target: float | None = None
    time_limit_s: float | None = None
    looks: tuple[int, ...] = ()
    extend_s: float | None = None
    budget_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        cells = [cell.to_json() for cell in self.cells]
        lists = {"command": list(self.command), "looks": list(self.looks)}
        return {**asdict(self), **lists, "cells": cells}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the run that `to_json` wrote."""
        told = {
            "command": tuple(values["command"]),
            "cells": tuple(CellPlan.from_json(cell) for cell in values["cells"]),
            "looks": tuple(values.get("looks", ())),
        }
        return cls(**{**_known(cls, values), **told})


@dataclass(frozen=True, kw_only=True)
class LaunchRecord:
    """One launch that ended: its place in the cell (`index` from 0), the attempt and what it brought back."""

    run_id: str
    cell_id: str
    index: int
    result: LaunchResult
    attempt: int = 0
    started: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        plain = {name: getattr(self, name) for name in ("run_id", "cell_id", "index", "attempt", "started")}
        return {**plain, "result": self.result.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the launch that `to_json` wrote."""
        result = LaunchResult.from_json(_known(LaunchResult, values["result"]))
        return cls(**{**_known(cls, values), "result": result})


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """How a cell of a run ended: one of `STATUSES`, with the reason when it is not ok."""

    run_id: str
    cell_id: str
    status: str
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status {self.status!r} is none of {', '.join(STATUSES)}")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the cell's end that `to_json` wrote."""
        return cls(**_known(cls, values))


Record = RunRecord | LaunchRecord | CellRecord
KINDS: Mapping[str, type[Record]] = {"run": RunRecord, "launch": LaunchRecord, "cell": CellRecord}
