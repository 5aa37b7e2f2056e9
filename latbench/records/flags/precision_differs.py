"""The session computed in another precision than asked for."""

from latbench.records.flags.base import Evidence, Flag, differs


def _fired(evidence: Evidence) -> str | None:
    return differs(evidence.plan.precision, evidence.actual("precision"))


FLAG = Flag(
    "precision_differs",
    "Precision asked for -> precision used.",
    _fired,
    "Compare only with rows of the same precision_actual.",
)
