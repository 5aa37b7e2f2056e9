"""What a row ran: what was asked for against what the sessions read back, and what it takes to redo it."""

from collections.abc import Iterable

from latbench.records import LaunchRecord, Row
from latbench.reports.figures import number
from latbench.reports.gpu import gpu

_UNKNOWN = "unknown"
_OPEN = ("default", "at most")
"""How a request begins that leaves open what is to run."""


def asked(row: Row) -> tuple[str, ...]:
    """Return the request beside what ran, one setting a line.

    A line whose two sides are both known and differ ends in "DIFFERS"; what is not known reads "unknown".
    """
    pairs = (
        ("device", row["device"], row["device_actual"]),
        ("precision", row["precision_requested"], row["precision_actual"]),
        ("threads", row["threads_requested"], row["threads_actual"]),
        ("spinning", _switch(row["spinning"], "default"), _switch(row["spinning_actual"])),
        ("launches", _most(row), row["launches"]),
        ("inferences", row["iterations_requested"], row["iterations"]),
    )
    lines = [f"{'':14}{'requested':<14}actual"]
    for name, wanted, told in pairs:
        mark = "  DIFFERS" if _differ(wanted, told) else ""
        lines.append(f"{name:<14}{_known(wanted):<14}{_known(told)}{mark}")
    return tuple(lines)


def _differ(wanted: object, told: object) -> bool:
    """Tell whether what ran is not what was asked for; "cuda" asks for any of its kind."""
    if wanted is None or told is None or str(wanted).startswith(_OPEN):
        return False
    return wanted not in (told, str(told).partition(":")[0])


def facts(row: Row, launches: Iterable[LaunchRecord] = ()) -> tuple[str, ...]:
    """Return the provider, the machine, the artifact, its parity and the run, one a line.

    Lines of a GPU, its options and its engine stand where there is something to tell; `launches` add to them.
    """
    told = {
        "provider": row["provider_actual"],
        "runtime": _joined((row["runtime"], row["runtime_version"])),
        "boundary": row["boundary"],
        **gpu(row, launches),
        "processor": row["cpu_model"],
        "CPUs": f"{_known(row['usable_cpus'])} usable, set {_known(row['cpu_set'])}, quota {_quota(row)}",
        "governor": row["governor"],
        "kernel": row["kernel"],
        "versions": (row["versions"] or _UNKNOWN).replace(";", ", "),
        "artifact": row["artifact_sha256"],
        "target": _joined((row["target"], _prefixed("opset ", row["opset"]), row["lowering"])),
        "inputs": _joined((row["input_shape"], row["input_sha256"])),
        "parity": _parity(row),
        "protocol": _joined((row["protocol"], _prefixed("seed ", row["seed"]))),
        "run": _joined((row["run_id"], row["created"])),
        "command": row["command"],
    }
    return tuple(f"{name:<14}{_known(value)}" for name, value in told.items())


def _most(row: Row) -> int | str | None:
    """Return the launches asked for, "at most n" where fewer may be enough."""
    asked_for = row["launches_requested"]
    until = asked_for is not None and row.get("precision_target_percent") is not None
    return f"at most {asked_for}" if until else asked_for


def _parity(row: Row) -> str:
    if row["parity_max_rel"] is None:
        return "unchecked"
    figures = (f"{name} {number(row[f'parity_{name}'], 2)}" for name in ("max_abs", "max_rel"))
    cosine = f"cosine {row['parity_cosine']:.8g}"
    limit = row.get("parity_limit")
    most = "" if limit is None else f", max_rel up to {limit:g} passes"
    return f"{', '.join(figures)}, {cosine} against {_known(row['parity_reference'])}{most}"


def _quota(row: Row) -> str:
    return "none known" if row["cpu_quota"] is None else f"{row['cpu_quota']:g} CPUs"


def _switch(value: bool | None, unknown: str | None = None) -> str | None:
    return unknown if value is None else ("off", "on")[value]


def _prefixed(prefix: str, value: object) -> str | None:
    return None if value is None else f"{prefix}{value}"


def _joined(values: tuple[object, ...]) -> str | None:
    return ", ".join(str(value) for value in values if value is not None) or None


def _known(value: object) -> str:
    return _UNKNOWN if value is None else str(value)
