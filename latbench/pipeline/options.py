"""What is asked of a run or of an export, checked as far as it can be without looking at any model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from exporters.capture import NEWEST_OPSET, OLDEST_OPSET
from exporters.export import DEFAULT_OPSET
from exporters.targets import TARGETS
from latbench import runtimes
from latbench.errors import BadInput
from latbench.pipeline.knobs import Knobs, check_knobs
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.protocol import ITERATIONS, PROTOCOLS, WARMUP, Protocol, at_least, share_of
from latbench.runtimes.base import ONLY_ON

__all__ = [
    "FASTEST",
    "ITERATIONS",
    "OUTPUT",
    "PORTABLE",
    "PROTOCOLS",
    "RUNTIMES",
    "SPINNING",
    "THREADS",
    "WARMUP",
    "RunOptions",
    "at_least",
    "check_opset",
    "default_runtimes",
    "one_of",
    "share_of",
]

RUNTIMES = ("onnxruntime", "openvino", "pytorch")
"""The runtimes of a run on the CPU that names none."""

_RUNTIMES_ON: Mapping[str, tuple[str, ...]] = {"cuda": ("tensorrt", "onnxruntime", "pytorch")}

PORTABLE, FASTEST = "portable", "fastest"
SPINNING: Mapping[str, bool | None] = {"auto": None, "on": True, "off": False}
THREADS = 4
OUTPUT = Path("latbench-results")


@dataclass(frozen=True, kw_only=True)
class RunOptions(Protocol):
    """What one run is asked for; making one raises BadInput for a value that no model could use.

    `names` empty means the whole zoo. `forms` are the values that each form is to be measured in, every
    combination a cell ({"expand": ("broadcast", "repeat")}); without, each subject has the target's own.
    `precision` is the arithmetic asked for, `timeout` the seconds a launch may take (None: ten times the
    estimate, at least 600 s). What is asked about launches is in `Protocol`: `iterations` are timed ones per
    cell, over all launches, `warmup` those before them in each launch, `launches` the fresh processes.
    `knobs` are values of the runtimes' own options, by runtime and name.
    `inputs` are asked for of models that leave theirs open. `jobs` exports are made at one time (None: 1 for
    one model, else 2 where CPUs and memory allow).
    """

    names: tuple[str, ...] = ()
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    device: str = "cpu"
    threads: int = THREADS
    runtimes: tuple[str, ...] = RUNTIMES
    precision: str = "fp32"
    target: str = PORTABLE
    resolution: int | None = None
    inputs: Inputs = NONE
    opset: int = DEFAULT_OPSET
    spinning: str = "auto"
    seed: int = 0
    timeout: float | None = None
    fresh: bool = False
    output: Path = field(default=OUTPUT)
    jobs: int | None = None
    knobs: Knobs = field(default_factory=dict)

    def __post_init__(self) -> None:
        one_of("--protocol", self.protocol, PROTOCOLS)
        one_of("--spinning", self.spinning, SPINNING)
        one_of("--target", self.target, (*TARGETS, FASTEST))
        at_least("--threads", self.threads, 1)
        super().__post_init__()
        check_opset(self.opset)
        if self.resolution is not None:
            at_least("--resolution", self.resolution, 1)
        if self.jobs is not None:
            at_least("--jobs", self.jobs, 1)
        if self.timeout is not None and not self.timeout > 0:
            raise BadInput(f"--timeout {self.timeout:g} is no time to wait; use seconds above 0.")
        self._check_runtimes()

    @property
    def variants(self) -> tuple[dict[str, str], ...]:
        """Every combination of the forms asked for; one empty combination when none is."""
        return tuple(dict(zip(self.forms, values, strict=True)) for values in product(*self.forms.values()))

    def _check_runtimes(self) -> None:
        known = set().union(*(runtime.precisions for runtime in runtimes.runtimes().values()))
        one_of("--precision", self.precision, sorted(known))
        only = ONLY_ON.get(self.precision, self.device)
        devices = set().union(*(runtime.devices for runtime in runtimes.runtimes().values()))
        one_of("--device", self.device, sorted(devices))
        if only != self.device:
            raise BadInput(f"--precision {self.precision} is for --device {only}; add it, or ask for fp32.")
        for name in self.runtimes:
            runtimes.get(name)
        if self.runtimes:
            check_knobs(self.knobs, self.runtimes, self.device)


def default_runtimes(device: str) -> tuple[str, ...]:
    """Return the runtimes of a run on `device` that names none."""
    return _RUNTIMES_ON.get(device, RUNTIMES)


def check_opset(opset: int) -> None:
    """Return None for an opset that can be exported; BadInput names the range."""
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise BadInput(f"--opset {opset} cannot be exported; use {OLDEST_OPSET} to {NEWEST_OPSET}.")


def one_of(option: str, value: str, known: Iterable[str]) -> None:
    """Return None when `value` is one of `known`; BadInput naming `option` lists them."""
    if value not in set(known):
        raise BadInput(f"{option} {value!r} does not exist; use one of: {', '.join(known)}.")
