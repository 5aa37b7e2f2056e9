"""Which rows of two tables may be compared, and what differs where they may not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latbench.errors import BadInput
from latbench.records.row import Row

IDENTITY: Mapping[str, str] = {
    "model": "model",
    "runtime": "runtime",
    "target": "target",
    "lowering": "lowering",
    "precision": "precision_requested",
    "threads": "threads_requested",
    "spinning": "spinning",
    "options": "runtime_options",
    "device": "device",
    "batch": "batch",
    "input_shape": "input_shape",
}
"""What tells the cells of one table apart, and the column that says it; empty is a value like others."""

CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "machine": ("cpu_model", "usable_cpus", "cpu_quota", "governor", "gpu"),
    "precision": ("precision_actual",),
    "device": ("device_actual",),
    "boundary": ("boundary",),
}
"""What must be equal besides, under the name that waives it; what is not known on one side cannot differ."""

SHOWN = (
    *("runtime_version", "versions", "provider_actual", "threads_actual", "spinning_actual"),
    *("cuda_graph", "copies", "gpu_driver"),
    *("artifact_sha256", "opset", "kernel", "cpu_set", "warmup", "protocol"),
)
"""What may differ, and is shown where it does."""

ALLOWED = tuple(dict.fromkeys((*IDENTITY, *CONDITIONS)))
"""The differences that can be waived by name."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Likeness:
    """The rules of likeness, without those that `allowed` names; BadInput for a name that is none."""

    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.allowed:
            if name not in ALLOWED:
                raise BadInput(f"--allow {name!r} is no difference; use one of: {', '.join(ALLOWED)}.")

    def key(self, row: Row) -> Key:
        """Return what the row is matched by."""
        return tuple(row.get(column) for name, column in IDENTITY.items() if name not in self.allowed)

    def differences(self, one: Row, other: Row) -> dict[str, tuple[Any, Any]]:
        """Return the columns that forbid a comparison, with both values; empty when it may be made."""
        columns = [column for name, column in IDENTITY.items() if name not in self.allowed]
        found = {name: (one.get(name), other.get(name)) for name in columns}
        known = [column for name, group in CONDITIONS.items() if name not in self.allowed for column in group]
        found |= {
            name: (one.get(name), other.get(name))
            for name in known
            if one.get(name) is not None and other.get(name) is not None
        }
        return {name: both for name, both in found.items() if both[0] != both[1]}


def shown(one: Row, other: Row, allowed: Sequence[str] = ()) -> dict[str, tuple[Any, Any]]:
    """Return what differs and may, by column: what is always allowed, and what `allowed` waives."""
    waived = [IDENTITY[name] for name in allowed if name in IDENTITY]
    waived += [column for name in allowed for column in CONDITIONS.get(name, ())]
    found = {name: (one.get(name), other.get(name)) for name in (*waived, *SHOWN)}
    if one.get("versions") and other.get("versions"):
        found["versions"] = _distinct(one["versions"], other["versions"])
    return {name: both for name, both in found.items() if both[0] != both[1]}


def _distinct(one: str, other: str) -> tuple[str | None, str | None]:
    """Return of two texts "name=version;name=version" the parts that the other lacks."""
    mine, theirs = one.split(";"), other.split(";")
    only = ([part for part in mine if part not in theirs], [part for part in theirs if part not in mine])
    return ";".join(only[0]) or None, ";".join(only[1]) or None


def told(differences: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differences as words: "threads_requested (2 against 4), cpu_model (A against B)"."""
    items = differences.items()
    return ", ".join(f"{name} ({_word(one)} against {_word(two)})" for name, (one, two) in items)


def names(differences: Iterable[str]) -> list[str]:
    """Return the names that would waive these columns, in the order of `ALLOWED`."""
    columns = set(differences)
    of = {name: {IDENTITY.get(name), *CONDITIONS.get(name, ())} for name in ALLOWED}
    return [name for name in ALLOWED if of[name] & columns]


def _word(value: Any) -> str:
    return "none" if value is None else str(value)
