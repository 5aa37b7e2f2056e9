"""What is counted of a network that goes by any of several names here: in the zoo, else in measured rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from latbench.records import Row

PUBLISHED = "published"


@dataclass(frozen=True)
class Counted:
    """A network as it goes here: counts (None: not known), `resolution` of the MACs, how sure it is.

    `label` and `why` are the evidence for its architecture, as in the zoo.
    """

    name: str
    params: int | None
    macs: int | None
    resolution: int | None
    label: str = PUBLISHED
    why: str = ""

    @property
    def caption(self) -> str:
        """Its name, and its label where its architecture is not the published one."""
        return self.name if self.label == PUBLISHED else f"{self.name} ({self.label})"


def counted(names: Sequence[str], resolution: int, rows: Sequence[Row]) -> Counted | None:
    """Return the network that goes by the first of `names` that the zoo or `rows` know; None: none does.

    Of several rows one at `resolution` is preferred.
    """
    from latbench.zoo.registry import models

    known = {model.name: model for model in models()}
    for name in names:
        if name in known:
            spec = known[name]
            return Counted(
                name, spec.params, spec.macs, spec.resolution, spec.evidence.label, spec.evidence.why
            )
    measured = [row for name in names for row in rows if row["model"] == name]
    if not measured:
        return None
    row = max(measured, key=lambda one: (one["resolution"] == resolution, one["macs"] is not None))
    return Counted(row["model"], row["params"], row["macs"], row["resolution"])
