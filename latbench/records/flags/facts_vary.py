"""The launches of one cell did not run the same way."""

from latbench.records.flags.base import Evidence, Flag

_FACTS = ("provider", "device", "precision", "threads", "spinning", "version", "boundary")


def _fired(evidence: Evidence) -> str | None:
    told = ((fact, evidence.actual(fact)) for fact in _FACTS)
    varying = [f"{fact}:{'|'.join(map(str, values))}" for fact, values in told if len(values) > 1]
    return ",".join(varying) or None


FLAG = Flag(
    "facts_vary",
    "What the sessions read back differs between launches; its column is empty.",
    _fired,
    "Compare the launches (`latbench table --launches`), and measure again in one go.",
)
