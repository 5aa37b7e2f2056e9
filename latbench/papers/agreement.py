"""Whether networks rank here as they rank in a paper: one published column against one measured one."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from latbench.papers.measured import Latency, Setting
from latbench.papers.table import Device, Figure
from latbench.stats.rank import FEWEST, RankCorrelation, rank_correlation

__all__ = ["FEWEST", "Agreement", "agreement", "unlike"]


@dataclass(frozen=True)
class Agreement:
    """The rank correlation of a published column with a measured one, over the networks in both.

    `unlike` says what else differs between them besides the processor. `swapped` are the pairs of networks
    that stand in the other order here, the one faster in the paper first; those in `surely` do so with
    intervals that do not overlap.
    """

    device: Device
    setting: Setting
    correlation: RankCorrelation
    unlike: tuple[str, ...]
    swapped: tuple[tuple[str, str], ...]
    surely: tuple[tuple[str, str], ...]


def agreement(
    device: Device,
    setting: Setting,
    published: Mapping[str, Figure],
    measured: Mapping[str, Latency],
) -> Agreement:
    """Return the agreement of both columns, each by the labels of the paper's rows.

    A throughput is ranked by its reciprocal, the time of an image. Networks without an ok latency are out.
    """
    times = {
        label: figure.value if device.unit == "ms" else 1 / figure.value
        for label, figure in published.items()
    }
    both = [label for label in times if label in measured and measured[label].ms is not None]
    ours = {label: measured[label].ms or 0.0 for label in both}
    swapped, surely = [], []
    for one, two in combinations(both, 2):
        if (times[one] - times[two]) * (ours[one] - ours[two]) < 0:
            pair = (one, two) if times[one] < times[two] else (two, one)
            swapped.append(pair)
            if _apart(measured[one], measured[two]):
                surely.append(pair)
    correlation = rank_correlation([times[label] for label in both], [ours[label] for label in both])
    return Agreement(device, setting, correlation, unlike(device, setting), tuple(swapped), tuple(surely))


def unlike(device: Device, setting: Setting) -> tuple[str, ...]:
    """Return what differs between a published column and a measured one, or is not stated in the paper."""
    pairs = (
        ("device", device.device, "cpu" if setting.device == "cpu" else "gpu"),
        ("runtime", device.runtime, setting.runtime),
        ("threads", device.threads, setting.threads),
    )
    told = []
    for name, theirs, mine in pairs:
        if theirs is None and not (name == "threads" and device.device != "cpu"):
            told.append(f"{name} not stated")
        elif theirs is not None and theirs != mine:
            told.append(f"{name} {theirs}")
    return (*told, *([device.unit] if device.unit != "ms" else []))


def _apart(one: Latency, two: Latency) -> bool:
    if one.low is None or one.high is None or two.low is None or two.high is None:
        return False
    return one.high < two.low or two.high < one.low
