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

RUNTIMES = ("onnxruntime", "openvino", "pytorch")
"""The runtimes of a run that names none."""

PORTABLE, FASTEST = "portable", "fastest"
PROTOCOLS: Mapping[str, int] = {"launches": 10, "paper": 1}
"""The protocols, and how many launches each spreads the iterations over."""

SPINNING: Mapping[str, bool | None] = {"auto": None, "on": True, "off": False}
ITERATIONS, WARMUP, THREADS = 4000, 50, 4
OUTPUT = Path("latbench-results")


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What one run is asked for; making one raises BadInput for a value that no model could use.

    `names` empty means the whole zoo. `forms` are the values that each form is to be measured in, every
    combination a cell ({"expand": ("broadcast", "repeat")}); without, each subject has the target's own.
    `iterations` are timed ones per cell, over all launches, `warmup` those before them in each launch; None
    is the protocol's own number. `timeout` is seconds per launch (None: ten times the estimate, at least
    600 s). `precision` is the arithmetic asked for.
    """

    names: tuple[str, ...] = ()
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    device: str = "cpu"
    threads: int = THREADS
    runtimes: tuple[str, ...] = RUNTIMES
    precision: str = "fp32"
    iterations: int | None = None
    launches: int | None = None
    warmup: int | None = None
    protocol: str = "launches"
    target: str = PORTABLE
    resolution: int | None = None
    opset: int = DEFAULT_OPSET
    spinning: str = "auto"
    seed: int = 0
    timeout: float | None = None
    fresh: bool = False
    output: Path = field(default=OUTPUT)

    def __post_init__(self) -> None:
        one_of("--protocol", self.protocol, PROTOCOLS)
        one_of("--spinning", self.spinning, SPINNING)
        one_of("--target", self.target, (*TARGETS, FASTEST))
        for option, value in (("--threads", self.threads), ("--iterations", self.iteration_count)):
            at_least(option, value, 1)
        at_least("--launches", self.launch_count, 1)
        at_least("--warmup", self.warmup_count, 0)
        check_opset(self.opset)
        if self.resolution is not None:
            at_least("--resolution", self.resolution, 1)
        if self.timeout is not None and not self.timeout > 0:
            raise BadInput(f"--timeout {self.timeout:g} is no time to wait; use seconds above 0.")
        self._check_launches()
        self._check_runtimes()

    @property
    def launch_count(self) -> int:
        """The number of launches of each cell."""
        return PROTOCOLS[self.protocol] if self.launches is None else self.launches

    @property
    def iteration_count(self) -> int:
        """The number of timed iterations of each cell."""
        return ITERATIONS if self.iterations is None else self.iterations

    @property
    def warmup_count(self) -> int:
        """The number of untimed iterations before the timed ones of each launch."""
        return WARMUP if self.warmup is None else self.warmup

    @property
    def variants(self) -> tuple[dict[str, str], ...]:
        """Every combination of the forms asked for; one empty combination when none is."""
        return tuple(dict(zip(self.forms, values, strict=True)) for values in product(*self.forms.values()))

    def _check_launches(self) -> None:
        if self.protocol == "paper" and self.launch_count != 1:
            raise BadInput(
                f"--protocol paper is one launch, not {self.launch_count}; leave --launches out, "
                "or use --protocol launches."
            )
        wanted, launches = self.iteration_count, self.launch_count
        if over := wanted % launches:
            low, high = wanted - over, wanted - over + launches
            choices = f"{low} or {high}" if low else str(high)
            raise BadInput(
                f"--iterations {wanted} cannot be shared evenly by {launches} launches; "
                f"use {choices}, or other --launches."
            )

    def _check_runtimes(self) -> None:
        devices = set().union(*(runtime.devices for runtime in runtimes.runtimes().values()))
        one_of("--device", self.device, sorted(devices))
        for name in self.runtimes:
            runtimes.get(name)


def check_opset(opset: int) -> None:
    """Return None for an opset that can be exported; BadInput names the range."""
    if not OLDEST_OPSET <= opset <= NEWEST_OPSET:
        raise BadInput(f"--opset {opset} cannot be exported; use {OLDEST_OPSET} to {NEWEST_OPSET}.")


def one_of(option: str, value: str, known: Iterable[str]) -> None:
    """Return None when `value` is one of `known`; BadInput naming `option` lists them."""
    if value not in set(known):
        raise BadInput(f"{option} {value!r} does not exist; use one of: {', '.join(known)}.")


def at_least(option: str, value: int, least: int) -> None:
    """Return None when `value` is at least `least`; BadInput names `option`."""
    if value < least:
        raise BadInput(f"{option} {value} is too small; use {least} or more.")
