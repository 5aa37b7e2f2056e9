"""Statistics of latency: pure functions on arrays of nanoseconds; the unit of an interval is the launch."""

from functools import cache

from exporters.discovery import discover
from latbench.stats.allocation import Allocation, allocate
from latbench.stats.base import NS_PER_MS, Launches, Statistic
from latbench.stats.best import best, slowdown
from latbench.stats.bootstrap import hierarchical_bootstrap
from latbench.stats.changepoint import ChangePoint, change_point
from latbench.stats.crossover import Crossover, crossover, crossover_of_logs, log_ratios
from latbench.stats.dependence import effective_sample_size
from latbench.stats.dip import Dip, dip
from latbench.stats.floor import floor
from latbench.stats.holm import holm
from latbench.stats.interval import Interval, launch_interval, launch_medians, t_interval
from latbench.stats.levels import ENOUGH, Level, Levels, levels
from latbench.stats.licence import licensed, samples_needed
from latbench.stats.percentiles import quantile, quantile_interval
from latbench.stats.rank import RankCorrelation, rank_correlation
from latbench.stats.ratio import Effect, block_effect, block_ratio, ratio_interval, round_ratio
from latbench.stats.segments import Segment, segments
from latbench.stats.sequential import spent
from latbench.stats.step import step
from latbench.stats.trend import Trend, trend
from latbench.stats.verdict import Comparison, Decision, Verdict, compared, decide, decide_all, guard
from latbench.stats.warmup import warmup_settled
from latbench.stats.welch import welch_effect, welch_effect_of_rows, welch_ratio

__all__ = [
    "ENOUGH",
    "NS_PER_MS",
    "Allocation",
    "ChangePoint",
    "Comparison",
    "Crossover",
    "Decision",
    "Dip",
    "Effect",
    "Interval",
    "Launches",
    "Level",
    "Levels",
    "RankCorrelation",
    "Segment",
    "Statistic",
    "Trend",
    "Verdict",
    "allocate",
    "best",
    "block_effect",
    "block_ratio",
    "change_point",
    "compared",
    "crossover",
    "crossover_of_logs",
    "decide",
    "decide_all",
    "dip",
    "effective_sample_size",
    "floor",
    "guard",
    "hierarchical_bootstrap",
    "holm",
    "launch_interval",
    "launch_medians",
    "levels",
    "licensed",
    "log_ratios",
    "quantile",
    "quantile_interval",
    "rank_correlation",
    "ratio_interval",
    "round_ratio",
    "samples_needed",
    "segments",
    "slowdown",
    "spent",
    "statistics",
    "step",
    "t_interval",
    "trend",
    "warmup_settled",
    "welch_effect",
    "welch_effect_of_rows",
    "welch_ratio",
]


@cache
def statistics() -> tuple[Statistic, ...]:
    """Return every statistic in the order of its column; a new one is a new file here with a `STATISTIC`."""
    found: dict[str, Statistic] = discover(__name__, "STATISTIC", lambda statistic: statistic.name)
    return tuple(sorted(found.values(), key=lambda statistic: (statistic.order, statistic.name)))
