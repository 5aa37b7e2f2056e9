"""The worker's task that looks a model of timm up."""

from typing import Any


def facts(name: str, resolution: int | None = None) -> dict[str, Any]:
    """Return what `latbench.zoo.networks.timm.facts` tells, and raise what it raises."""
    from latbench.zoo.networks.timm import facts as told

    return told(name, resolution)
