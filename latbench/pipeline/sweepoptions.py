"""What is asked of a sweep, checked as far as it can be without looking at any model."""

from dataclasses import dataclass, field
from pathlib import Path

from exporters.export import DEFAULT_OPSET
from exporters.targets import TARGETS
from latbench import runtimes
from latbench.errors import BadInput
from latbench.pipeline.knobs import Knobs, check_knobs
from latbench.pipeline.options import (
    FASTEST,
    OUTPUT,
    SPINNING,
    RunOptions,
    at_least,
    check_opset,
    one_of,
)


@dataclass(frozen=True)
class Group:
    """One subject, each value of one of its forms a cell: they share the launches of a runtime.

    `name` and `resolution` as in a run; `lowerings` are values of `form`. The first is what duplicates of it
    are named after, so the baseline goes first. `runtimes` are those of the sweep unless it has its own.
    """

    name: str
    lowerings: tuple[str, ...]
    resolution: int | None = None
    form: str = "parc"
    runtimes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """What one sweep is asked for; making one raises BadInput for a value that nothing could use.

    Each group in each number of `threads` on each runtime is launched `launches` times. A launch times each
    of its cells at most `samples` times and all of them for about `budget_s` seconds, after `warmup` calls of
    each. `time_limit` bounds the seconds of all launches together: no round of launches is begun that would
    exceed it, the first excepted. `timeout` ends one launch. `spinning` "auto" is a runtime's own for one
    thread and off for several: idle cells would spin into the turns of others. Target "fastest" exports for
    each runtime by itself. `knobs` are values of the runtimes' own options, by runtime and name.
    """

    groups: tuple[Group, ...]
    runtimes: tuple[str, ...] = ("onnxruntime", "openvino")
    threads: tuple[int, ...] = (1,)
    launches: int = 5
    samples: int = 60
    budget_s: float = 1.5
    warmup: int = 10
    seed: int = 0
    time_limit: float | None = None
    timeout: float | None = None
    fresh: bool = False
    output: Path = field(default=OUTPUT)
    target: str = FASTEST
    spinning: str = "auto"
    precision: str = "fp32"
    device: str = "cpu"
    opset: int = DEFAULT_OPSET
    knobs: Knobs = field(default_factory=dict)

    def __post_init__(self) -> None:
        one_of("--spinning", self.spinning, SPINNING)
        one_of("--target", self.target, (*TARGETS, FASTEST))
        check_opset(self.opset)
        for option, value in (("--launches", self.launches), ("--samples", self.samples)):
            at_least(option, value, 1)
        at_least("--warmup", self.warmup, 0)
        for count in self.threads:
            at_least("--threads", count, 1)
        for option, seconds in (
            ("--budget", self.budget_s),
            ("--time-limit", self.time_limit),
            ("--timeout", self.timeout),
        ):
            if seconds is not None and not 0 < seconds < float("inf"):
                raise BadInput(f"{option} {seconds:g} is no time to measure; use seconds above 0.")
        for name in self.runtimes:
            runtimes.get(name)
        for what, given in (
            ("subject", self.groups),
            ("runtime", self.runtimes),
            ("thread count", self.threads),
        ):
            if not given:
                raise BadInput(f"The sweep has no {what} to measure; name at least one.")
        check_knobs(self.knobs, self.runtimes, self.device)

    def parts(self) -> tuple[RunOptions, ...]:
        """Return each group in each number of threads as the options of a run of its cells."""
        return tuple(
            RunOptions(
                names=(group.name,),
                forms={group.form: tuple(dict.fromkeys(group.lowerings))},
                resolution=group.resolution,
                threads=threads,
                runtimes=self._of(group),
                device=self.device,
                precision=self.precision,
                target=self.target,
                opset=self.opset,
                spinning="off" if self.spinning == "auto" and threads > 1 else self.spinning,
                launches=self.launches,
                iterations=self.launches * self.samples,
                warmup=self.warmup,
                seed=self.seed,
                timeout=self.timeout,
                fresh=self.fresh,
                output=self.output,
                knobs={name: self.knobs[name] for name in self._of(group) if name in self.knobs},
            )
            for group in dict.fromkeys(self.groups)
            for threads in dict.fromkeys(self.threads)
        )

    def _of(self, group: Group) -> tuple[str, ...]:
        return tuple(dict.fromkeys(group.runtimes or self.runtimes))
