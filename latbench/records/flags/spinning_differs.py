"""Idle threads spun, or did not, against what was asked for."""

from latbench.records.flags.base import Evidence, Flag, differs

_WORDS = {True: "on", False: "off"}


def _fired(evidence: Evidence) -> str | None:
    asked = evidence.plan.spinning
    if asked is None:
        return None
    told = tuple(_WORDS[value] for value in evidence.actual("spinning"))
    return differs(_WORDS[asked], told)


FLAG = Flag(
    "spinning_differs",
    "Spinning asked for -> spinning used.",
    _fired,
    "Compare only with rows of the same spinning_actual.",
)
