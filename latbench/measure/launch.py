"""The contract between the scheduler and one launch (one fresh measuring process)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.runtimes.base import SessionOptions, Source


@dataclass(frozen=True)
class LaunchRequest:
    """One launch: what to load, how, how many warm-up and timed iterations, and what the outputs must equal.

    `reference` is an `.npz` with arrays `input:<name>` and `output:<name>` (eager fp32); the launch binds those
    inputs. `None` leaves the outputs unchecked (recorded as such).
    """

    source: Source
    runtime: str
    options: SessionOptions
    iterations: int
    warmup: int
    reference: str | None


@dataclass(frozen=True)
class LaunchResult:
    """What one launch brought back; times are integer nanoseconds, sizes bytes, unknown is None.

    `status` is ok | failed | timeout | crashed | oom, with `reason` when it is not ok. `parity` holds max_abs, max_rel
    and cosine against the reference, `witnesses` the operating system's counters over the timed region.
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
