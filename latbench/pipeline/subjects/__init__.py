"""The kinds of subject: what a NAME on the command line can mean."""

from functools import cache

from exporters.discovery import discover
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.subjects.base import Kind, Subject


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind by name, in the order in which they are asked whether a name is theirs."""
    found: dict[str, Kind] = discover(__name__, "KIND", lambda kind: kind.name)
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def resolve(name: str, resolution: int | None = None, inputs: Inputs = NONE) -> Subject:
    """Return the subject that `name` means; BadInput with one sentence when it cannot be used as asked.

    `inputs` are passed over where a model has its own: `Subject.inputs` tells whether they are used.
    """
    kind = next(kind for kind in kinds().values() if kind.claims(name))
    return kind.fed(name, resolution, inputs) if kind.fed and inputs else kind.open(name, resolution)
