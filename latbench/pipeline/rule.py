"""The rule by which the cells of a run have had their launches."""

from latbench.measure.adaptive import Adaptive
from latbench.measure.extended import Extended
from latbench.measure.stop import Fixed, Rule
from latbench.pipeline.protocol import QUICK
from latbench.records import RunRecord

_PILOT_S, _FIRST = {QUICK: 0.4}, {QUICK: 10}


def rule_of(run: RunRecord) -> Rule:
    """Return the rule that `run` was planned with."""
    if run.precision_target is not None:
        return Adaptive(
            run.precision_target,
            run.looks,
            float("inf") if run.time_limit_s is None else run.time_limit_s,
            first=_FIRST.get(run.protocol, Adaptive.first),
            pilot_s=pilot_s(run.protocol),
            keeps=run.protocol == QUICK,
        )
    fixed = Fixed(run.launches, (run.iterations or run.launches) // run.launches)
    return fixed if run.extend_s is None else Extended(fixed, run.extend_s)


def pilot_s(protocol: str) -> float:
    """Return the seconds that a launch of the pilot times in an adaptive protocol."""
    return _PILOT_S.get(protocol, Adaptive.pilot_s)
