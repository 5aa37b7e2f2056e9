"""How many launches of how many inferences each: the protocols, and what may be asked of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from latbench.errors import BadInput
from latbench.stats.looks import ladder

PROTOCOLS: Mapping[str, int] = {"launches": 10, "paper": 1}
"""The protocols of `--protocol`, and how many launches each spreads the iterations over."""

ADAPTIVE, QUICK = "adaptive", "quick"
ITERATIONS, WARMUP = 4000, 50

QUICK_TARGET, QUICK_WARMUP = 0.05, 10
_PILOT = {ADAPTIVE: 5, QUICK: 3}
_MOST = {ADAPTIVE: 80, QUICK: 13}
_TIME_LIMIT_S = {ADAPTIVE: 300.0, QUICK: 20.0}
_RATIO = {ADAPTIVE: 2.0, QUICK: 1.6}


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What a run was asked for about its launches, as options; making one raises BadInput for what conflicts.

    None is the protocol's own. `precision_target` is a share of the estimate, times are in seconds.
    """

    protocol: str = "launches"
    iterations: int | None = None
    launches: int | None = None
    warmup: int | None = None
    precision_target: float | None = None
    time_limit: float | None = None
    quick: bool = False
    extend: float | None = None

    def __post_init__(self) -> None:
        at_least("--launches", self.launch_count, 1)
        at_least("--warmup", self.warmup_count, 0)
        if self.iterations is not None:
            at_least("--iterations", self.iterations, 1)
        for option, seconds in (("--time-limit", self.time_limit), ("--extend", self.extend)):
            if seconds is not None and not 0 < seconds < float("inf"):
                raise BadInput(f"{option} {seconds:g} is no time to measure; use seconds above 0.")
        if self.target_share is None:
            self._check_fixed()
        else:
            self._check_adaptive(self.target_share)

    @property
    def label(self) -> str:
        """The protocol as it is recorded."""
        return QUICK if self.quick else self.protocol if self.precision_target is None else ADAPTIVE

    @property
    def target_share(self) -> float | None:
        """The half-width of the interval to stop at, as a share of the estimate; None for a fixed number."""
        return QUICK_TARGET if self.quick else self.precision_target

    @property
    def launch_count(self) -> int:
        """The number of launches of each cell, in an adaptive run the most there can be."""
        if self.launches is not None:
            return self.launches
        return _MOST[self.label] if self.label in _MOST else PROTOCOLS[self.protocol]

    @property
    def iteration_count(self) -> int | None:
        """The number of timed iterations of each cell; None where a pilot decides."""
        if self.target_share is not None:
            return None
        return ITERATIONS if self.iterations is None else self.iterations

    @property
    def warmup_count(self) -> int:
        """The number of untimed iterations before the timed ones of each launch."""
        own = QUICK_WARMUP if self.quick else WARMUP
        return own if self.warmup is None else self.warmup

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of launches at which an adaptive run may stop; () for a fixed number."""
        if self.target_share is None:
            return ()
        return ladder(_PILOT[self.label], self.launch_count, _RATIO[self.label])

    @property
    def time_limit_s(self) -> float | None:
        """The measuring time of a cell after which an adaptive run ends; None for a fixed number."""
        return _TIME_LIMIT_S.get(self.label) if self.time_limit is None else self.time_limit

    def _check_fixed(self) -> None:
        if self.time_limit is not None:
            raise BadInput(
                f"--time-limit {self.time_limit:g} limits runs with --precision-target or --quick; give one "
                "of them, or --extend SECONDS."
            )
        if self.protocol == "paper" and self.launch_count != 1:
            raise BadInput(
                f"--protocol paper is one launch, not {self.launch_count}; leave --launches out, "
                "or use --protocol launches."
            )
        if self.protocol == "paper" and self.extend is not None:
            raise BadInput("--protocol paper is one launch and has none to add; leave --extend out.")
        wanted, launches = self.iteration_count or 0, self.launch_count
        if over := wanted % launches:
            low, high = wanted - over, wanted - over + launches
            choices = f"{low} or {high}" if low else str(high)
            raise BadInput(
                f"--iterations {wanted} cannot be shared evenly by {launches} launches; "
                f"use {choices}, or other --launches."
            )

    def _check_adaptive(self, target: float) -> None:
        if self.quick and self.precision_target is not None:
            raise BadInput("--quick is a --precision-target of 5 %; give one of the two.")
        option = "--quick" if self.quick else "--precision-target"
        if not 0 < target < 1:
            raise BadInput(f"--precision-target {target:g} is no precision; write 1% or 0.01.")
        if self.protocol != "launches":
            raise BadInput(f"{option} needs several launches; leave --protocol {self.protocol} out.")
        if self.iterations is not None:
            raise BadInput(
                f"With {option} a pilot finds the iterations; leave --iterations {self.iterations} out, "
                "or bound the run with --launches or --time-limit."
            )
        if self.extend is not None:
            raise BadInput(f"--extend adds to a fixed number of launches; leave it out with {option}.")
        if self.launch_count < 2:
            raise BadInput(f"{option} needs an interval, and --launches 1 gives none; use 2 or more.")


def at_least(option: str, value: int, least: int) -> None:
    """Return None when `value` is at least `least`; BadInput names `option`."""
    if value < least:
        raise BadInput(f"{option} {value} is too small; use {least} or more.")


def share_of(option: str, text: str) -> float:
    """Return the share that "1%", "1 %" or "0.01" says, above 0 and below 1; BadInput names `option`."""
    written = text.strip()
    percent = written.endswith("%")
    try:
        share = float(written.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        share = float("nan")
    if not 0 < share < 1:
        raise BadInput(f"{option} {text} is no share between 0 and 100 %; write 1% or 0.01.")
    return share
