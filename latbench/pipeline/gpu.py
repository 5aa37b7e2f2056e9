"""The GPU beside a run: which card, its roofline, and what NVML tells between launches, never inside."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from latbench.machine import nvml
from latbench.machine.files import Tree
from latbench.machine.gpu import Card, difference
from latbench.machine.gpupick import card
from latbench.machine.gpuseen import present
from latbench.measure.launch import LaunchResult
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.roofline import nothing
from latbench.pipeline.watch import Watch
from latbench.records import RunRecord, Store
from latbench.runtimes.shared import cuda

CUDA, NVML, ROOFLINE = "cuda", "nvml", "roofline"

Asked = TypeVar("Asked")
Found = TypeVar("Found")
T = TypeVar("T")
Launching = Callable[[Asked, float | None, Any], Found]
"""Makes a launch of one cell (its result is a `LaunchResult`) or of several (results by key)."""


@dataclass(frozen=True)
class Watched:
    """The GPU of a run: `facts` for its record ({} without a GPU), the card as NVML has it, or None."""

    facts: Mapping[str, Any]
    card: Card | None = None

    @property
    def machine(self) -> dict[str, Any]:
        """What is added to the facts of the machine: nothing, or {"gpu": facts}."""
        return {"gpu": dict(self.facts)} if self.facts else {}

    def launcher(self, launch: Launching[Asked, Found]) -> Launching[Asked, Found]:
        """Return `launch` with the card read right before it and right after, added to the witnesses."""
        if self.card is None:
            return launch

        def watched(request: Asked, timeout: float | None, rng: Any) -> Found:
            found, told = self.beside(lambda: launch(request, timeout, rng))
            return _witnessed(found, told)

        return watched

    def beside(self, launch: Callable[[], T]) -> tuple[T, dict[str, Any]]:
        """Return what `launch` does, and the witnesses of the card around it, {} where it is not read."""
        if self.card is None:
            return launch(), {}
        before = self.card.read()
        found = launch()
        return found, difference(before, self.card.read())

    def told(self, note: Callable[[str], object]) -> None:
        """Let `note` hear in one sentence what keeps NVML from being read, if anything does."""
        if self.facts and self.card is None:
            note(
                f"Clocks, heat and other processes of the GPU are not read ({self.facts[NVML]}); "
                "`latbench doctor` tells more."
            )

    def completed(self, store: Store, run: RunRecord, watch: Watch) -> RunRecord:
        """Return `run` with the roofline of its GPU, measured now unless it has one, and recorded.

        `watch` hears of it, and of what keeps NVML from being read.
        """
        self.told(watch.note)
        if not self.facts or ROOFLINE in run.environment:
            return run
        watch.note("Measuring what the GPU can do at most: a copy and matrix products, some seconds.")
        try:
            found = call(ROOFLINE, {"device": CUDA})
        except WorkerDied as error:
            found = nothing(f"the process that measures it died: {error}")
        known = replace(run, environment={**run.environment, ROOFLINE: found})
        store.append(known)
        return known


@contextmanager
def watching(device: str) -> Iterator[Watched]:
    """Yield the GPU of a run on `device`: what is known of it, and NVML while it is open.

    Any other device than "cuda" has none, nor has a machine without an NVIDIA GPU. Where NVML is missing, or
    cannot tell which card CUDA uses, the run goes on without its readings; the facts say why.
    """
    if device != CUDA or not present(Tree()):
        yield Watched({})
        return
    told = _as_cuda_tells()
    with nvml.opened() as found:
        one = found if isinstance(found, str) else card(found, told.get("uuid"), os.environ)
        if isinstance(one, str):
            yield Watched({**told, NVML: one})
        else:
            facts = one.facts()
            known = {name: value for name, value in told.items() if facts.get(name) is None}
            yield Watched({**facts, **known, NVML: "a MIG slice: no readings" if one.slice else "read"}, one)


def _as_cuda_tells() -> dict[str, Any]:
    """Return what CUDA tells of its first device, {} where it cannot be asked."""
    try:
        return call("gpu", {})
    except WorkerDied:
        return {}


def told() -> dict[str, Any]:
    """Return name, uuid, compute capability, memory and driver's CUDA version of CUDA's first device, or {}.

    A task of the worker: the process that launches never opens CUDA.
    """
    first = next(iter(cuda.devices()), None)
    if first is None:
        return {}
    return {
        "name": first.name,
        "uuid": first.uuid,
        "compute_capability": first.compute_capability,
        "memory_bytes": first.memory_bytes,
        "cuda_driver": first.driver_version,
    }


def _witnessed(found: Any, told: Mapping[str, Any]) -> Any:
    if isinstance(found, LaunchResult):
        return replace(found, witnesses={**found.witnesses, **told})
    return {key: _witnessed(result, told) for key, result in found.items()}
