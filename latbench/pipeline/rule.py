"""The rule by which the cells of a run have had their launches."""

from latbench.measure.stop import Fixed, Rule
from latbench.records import RunRecord


def rule_of(run: RunRecord) -> Rule:
    """Return the rule that `run` was planned with."""
    return Fixed(run.launches, (run.iterations or run.launches) // run.launches)
