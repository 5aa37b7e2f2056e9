"""Cells with a known fault: timed by the loop on the fake runtime under a fake clock, and made into rows."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import chain
from typing import Any

import numpy as np

from latbench import runtimes
from latbench.machine import witnesses
from latbench.machine.cgroups import Throttling
from latbench.measure import denormals
from latbench.measure.clock import FakeClock
from latbench.measure.launch import LaunchResult
from latbench.measure.loop import time_calls
from latbench.records import CellPlan, LaunchRecord, Records, RunRecord, rows
from latbench.runtimes.base import SessionOptions, Source
from simulated import neighbours, worlds

LAUNCHES, ITERATIONS, WARMUP = 10, 400, 20
JIFFIES = 400
"""Ticks of two CPUs in a launch of two seconds."""


@dataclass
class Cell:
    """What is to be simulated: log latencies (launches, warm-up + samples), and what goes wrong around them.

    `machine` is what the probe told, `asked` changes the plan and `facts` what the fake runtime claims;
    `steal` and `throttled` are the chance of a tick being stolen and the microseconds stopped, by launch;
    `denormal` is how many times longer an inference takes that meets denormal numbers.
    """

    logs: worlds.Array
    machine: dict[str, Any] = field(default_factory=lambda: {"usable_cpus": 2})
    asked: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    steal: worlds.Array = field(default_factory=lambda: np.full(LAUNCHES, 0.001))
    throttled: worlds.Array = field(default_factory=lambda: np.zeros(LAUNCHES))
    denormal: float = 1.0


Fault = Callable[[np.random.Generator, Cell], None]


def steady(generator: np.random.Generator) -> Cell:
    """Return a sound cell: samples of sd 2 %, launches of 0.3 %, one sample in 100 up to 3 times slower."""
    shape = (1, LAUNCHES, WARMUP + ITERATIONS)
    logs = 0.02 * worlds.normal(generator, shape) + 0.003 * worlds.per_launch(generator, shape)
    spikes = (generator.random(shape) < 0.01) * generator.uniform(0, np.log(3), shape)
    return Cell((logs + spikes)[0])


def drift(generator: np.random.Generator, cell: Cell) -> None:
    """The machine slows down, or speeds up, by 3 % from the first launch to the last."""
    cell.logs += _sign(generator) * np.linspace(0, 0.03, LAUNCHES)[:, None]


def step(generator: np.random.Generator, cell: Cell) -> None:
    """From a launch between the fourth and the eighth on, all are 5 % slower, or faster."""
    cell.logs[generator.integers(3, 8) :] += _sign(generator) * 0.05


def bimodal(generator: np.random.Generator, cell: Cell) -> None:
    """Two to five samples in ten take 15 % longer."""
    cell.logs += 0.14 * (generator.random(cell.logs.shape) < generator.uniform(0.2, 0.5))


def disturbed(generator: np.random.Generator, cell: Cell) -> None:
    """Neighbours take a third of a CPU's speed, half to two thirds of the time."""
    cell.logs += neighbours.slowing(generator, generator.uniform(0.35, 0.5), cell.logs.shape)


def oversubscribed(generator: np.random.Generator, cell: Cell) -> None:
    """Three to eight threads are asked of two CPUs."""
    cell.asked["threads"] = int(generator.integers(3, 9))


def provider_differs(_: np.random.Generator, cell: Cell) -> None:
    """The GPU is asked for, and the runtime falls back to the CPU."""
    cell.asked["device"] = "cuda"


def precision_differs(_: np.random.Generator, cell: Cell) -> None:
    """The runtime computes in bf16 where fp32 was asked for."""
    cell.facts["precision"] = "bf16"


def slow_denormals(generator: np.random.Generator, cell: Cell) -> None:
    """Denormal numbers make the model 1.5 to 10 times slower."""
    cell.denormal = float(generator.uniform(1.5, 10))


def throttled(generator: np.random.Generator, cell: Cell) -> None:
    """A quota stops one launch or more, for 1 to 100 ms."""
    struck = generator.random(LAUNCHES) < 0.2
    struck[generator.integers(LAUNCHES)] = True
    cell.throttled = struck * generator.uniform(1e3, 1e5, LAUNCHES)


def stolen(generator: np.random.Generator, cell: Cell) -> None:
    """The hypervisor takes 3 to 10 % of the time of one launch or more."""
    struck = generator.random(LAUNCHES) < 0.2
    struck[generator.integers(LAUNCHES)] = True
    cell.steal = np.where(struck, generator.uniform(0.03, 0.1, LAUNCHES), cell.steal)


FAULTS: dict[str, Fault] = {
    "drift": drift,
    "step": step,
    "bimodal": bimodal,
    "disturbed": disturbed,
    "oversubscribed": oversubscribed,
    "provider_differs": provider_differs,
    "precision_differs": precision_differs,
    "denormals": slow_denormals,
    "throttled": throttled,
    "stolen": stolen,
}
"""Each fault by the name of the flag that has to tell it."""

SOUND: dict[str, worlds.World] = {
    "independent, sd 5 %": worlds.independent,
    "correlated by 0.5, sd 5 %": worlds.autoregressive,
    "launches differ by 2.7 %": worlds.launches_differ,
    "heavy tail": worlds.heavy_tailed,
}


def sound(generator: np.random.Generator, world: worlds.World) -> Cell:
    """Return a sound cell whose samples are those of `world`: it ran as asked, whatever was asked."""
    asked = {"threads": int(generator.integers(1, 3)), "precision": str(generator.choice(["fp32", "bf16"]))}
    return Cell(world(generator, (1, LAUNCHES, WARMUP + ITERATIONS))[0], asked=asked)


def flagged(cell: Cell, generator: np.random.Generator) -> set[str]:
    """Return the names of the flags on the row that measuring `cell` leaves."""
    settings: dict[str, Any] = {"threads": 1, "device": "cpu", "precision": "fp32", **cell.asked}
    source = Source("module", factory="simulated", kwargs=cell.facts)
    plan = CellPlan(
        model="simulated",
        input_shape="1x1",
        target="eager",
        runtime="fake",
        source=asdict(source),
        **settings,
    )
    run = RunRecord(
        run_id="simulated",
        created="2025-01-01T00:00:00+00:00",
        command=(),
        cells=(plan,),
        iterations=LAUNCHES * ITERATIONS,
        launches=LAUNCHES,
        warmup=WARMUP,
        machine=cell.machine,
    )
    taken = tuple(
        LaunchRecord(
            run_id=run.run_id,
            cell_id=plan.cell_id,
            index=index,
            result=_launched(cell, plan, index, generator),
        )
        for index in range(LAUNCHES)
    )
    (row,) = rows(Records((run,), taken), using=())
    return {one.partition("=")[0] for one in (row["flags"] or "").split(";") if one}


def _launched(cell: Cell, plan: CellPlan, index: int, generator: np.random.Generator) -> LaunchResult:
    options = SessionOptions(device="cpu", threads=plan.threads, precision=plan.precision)
    source = Source(**plan.source)
    session = runtimes.get("fake").prepare(source, options)
    latencies = worlds.nanoseconds(cell.logs[index]).tolist()
    clock = FakeClock(chain.from_iterable((0, latency) for latency in latencies))
    warmup = time_calls(session.run, clock, WARMUP)
    samples = time_calls(session.run, clock, ITERATIONS)
    before, after = _counters(cell, index, generator)
    told = witnesses.difference(before, after)
    if index == 0:
        told["flush_denormals_ratio"] = _flush_ratio(cell, source, options, generator)
    return LaunchResult(
        "ok", samples_ns=samples, warmup_ns=warmup, facts=asdict(session.facts), parity=_SAME, witnesses=told
    )


_SAME = {"max_abs": 0.0, "max_rel": 0.0, "cosine": 1.0}


@cache
def _snapshot() -> witnesses.Snapshot:
    return witnesses.snapshot()


def _counters(
    cell: Cell, index: int, generator: np.random.Generator
) -> tuple[witnesses.Snapshot, witnesses.Snapshot]:
    """Return the operating system's counters before and after a launch in which nothing else happened."""
    before = replace(_snapshot(), steal=1000, jiffies=100_000, throttling=Throttling(5, 70_000))
    lost, stopped = generator.binomial(JIFFIES, cell.steal[index]), round(float(cell.throttled[index]))
    throttling = Throttling(5 + (stopped > 0), 70_000 + stopped)
    return before, replace(before, steal=1000 + lost, jiffies=100_000 + JIFFIES, throttling=throttling)


def _flush_ratio(
    cell: Cell, source: Source, options: SessionOptions, generator: np.random.Generator
) -> float | None:
    """Return what the probe for denormal numbers finds, its clock wound by the simulated latencies."""

    def steps() -> Iterator[int]:
        yield from (0, 5_000_000, 0, 5_000_000, 0)
        for around in range(10_000):
            if around:
                yield 0
            for slow in (True, False, False, True):
                for _ in range(4):
                    noise = 1 + abs(generator.normal(0, 0.03))
                    yield from (0, round(5e6 * noise * (cell.denormal if slow else 1)))

    return denormals.flush_ratio(runtimes.get("fake"), source, options, {}, FakeClock(steps()))


def _sign(generator: np.random.Generator) -> int:
    return 1 if generator.random() < 0.5 else -1
