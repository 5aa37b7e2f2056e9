"""The contract between the scheduler and one launch (one fresh measuring process)."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from latbench.runtimes.base import SessionOptions, Source

_DURATIONS = ("samples_ns", "warmup_ns", "device_ns")
STATUSES = ("ok", "failed", "timeout", "crashed", "oom")


@dataclass(frozen=True)
class LaunchRequest:
    """One launch: what to load, how, how many warm-up and timed iterations, and what the outputs must equal.

    `reference` is an `.npz` with arrays `input:<name>` and `output:<name>` (eager fp32); the launch binds
    those inputs. A file without outputs leaves them unchecked (recorded as such); `None` also binds nothing,
    which only models without inputs can bear. `probe_denormals` asks, after everything else, how much slower
    denormal numbers make this model: the witness `flush_denormals_ratio`.
    """

    source: Source
    runtime: str
    options: SessionOptions
    iterations: int
    warmup: int
    reference: str | None
    probe_denormals: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "LaunchRequest":
        """Return the request that `to_json` wrote."""
        source, options = Source(**fields["source"]), SessionOptions(**fields["options"])
        return cls(**{**fields, "source": source, "options": options})


@dataclass(frozen=True)
class LaunchResult:
    """What one launch brought back; times are integer nanoseconds, sizes bytes, unknown is None.

    `status` is one of `STATUSES`, with `reason` when it is not ok, or when an output is unlike the reference
    in kind. `parity` holds max_abs, max_rel and cosine against the reference, `witnesses` the operating
    system's counters over the timed region. `load_ns` leaves out `compile_ns`; `wall_ns` is the whole launch
    as the parent saw it. `device_ns` is the latency on the device of each sample, () where there is none.
    """

    status: str
    reason: str | None = None
    samples_ns: tuple[int, ...] = ()
    warmup_ns: tuple[int, ...] = ()
    load_ns: int | None = None
    compile_ns: int | None = None
    first_inference_ns: int | None = None
    peak_rss_bytes: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    parity: Mapping[str, float] | None = None
    witnesses: Mapping[str, Any] = field(default_factory=dict)
    wall_ns: int | None = None
    device_ns: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values; a parity figure that is not finite becomes a string."""
        parity = None if self.parity is None else {name: _plain(value) for name, value in self.parity.items()}
        lists = {name: list(getattr(self, name)) for name in _DURATIONS}
        return {**asdict(self), **lists, "parity": parity}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "LaunchResult":
        """Return the result that `to_json` wrote; ValueError when `fields` is not one."""
        try:
            told = {"device_ns": (), **fields}  # older launches do not have it
            durations = {name: tuple(map(int, told[name])) for name in _DURATIONS}
            figures = fields["parity"]
            parity = None if figures is None else {name: float(value) for name, value in figures.items()}
            result = cls(**{**fields, **durations, "parity": parity})
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a launch result: {str(fields)[:80]}") from error
        if result.status not in STATUSES:
            raise ValueError(f"not a launch status: {str(result.status)[:80]}")
        return result


def _plain(figure: float) -> float | str:
    return figure if math.isfinite(figure) else str(figure)
