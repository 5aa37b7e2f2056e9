"""A level, or the best, was seen by too few launches for its interval to be trusted."""

from latbench import stats
from latbench.records.flags.base import Flag, of_samples
from latbench.records.flags.levels import milliseconds
from latbench.stats.base import Launches


def _figure(launches: Launches) -> str | None:
    levels = stats.levels(launches).levels
    found: list[stats.Level] = [*levels] if len(levels) > 1 else []
    if stats.slowdown(launches) is not None:
        found.append(stats.best(launches))
    rarest = min(found, key=lambda level: level.launches, default=None)
    if rarest is None or rarest.launches >= stats.ENOUGH:
        return None
    return f"{rarest.launches}<{stats.ENOUGH} at {milliseconds(rarest.estimate)} ms"


FLAG = Flag(
    "few_at_level",
    "Launches that visited the least visited level (or best_ms) < launches that its interval needs.",
    of_samples(_figure),
    "Give more --launches, or --extend the run until each level has enough.",
)
