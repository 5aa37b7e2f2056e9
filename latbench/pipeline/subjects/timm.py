"""Any model that timm defines: "timm:resnet18"."""

from functools import cache
from typing import Any

from latbench.errors import BadInput, EnvironmentFault
from latbench.machine.packages import INSTALLED
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.subjects.base import Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish
from latbench.zoo.spec import defaults
from latbench.zoo.timm_import import missing
from latbench.zoo.timm_spec import REPARAM

PREFIX = "timm:"


def _open(name: str, resolution: int | None) -> Subject:
    """Return the subject; what timm knows is asked in a process of its own, and once for each name."""
    own = name.removeprefix(PREFIX)
    if not own:
        raise BadInput("timm: is no model; write timm:NAME, for example timm:resnet18.")
    if resolution is not None and resolution < 1:
        raise BadInput(f"{name} cannot take resolution {resolution}; leave out --resolution.")
    if lack := missing():
        raise EnvironmentFault(f"{name} cannot be built: {lack}.")
    told = _facts(own, resolution)
    size, forms = told["resolution"], REPARAM if told["folds"] else {}
    return Subject(
        kind=KIND.name,
        name=name,
        family=told["family"],
        resolution=size,
        input_shape=f"1x{told['channels']}x{size}x{size}",
        params=told["params"],
        macs=told["macs"],
        about_macs=told["macs"],
        forms=forms,
        forms_for=lambda _: defaults(forms),
    )


@cache
def _facts(name: str, resolution: int | None) -> dict[str, Any]:
    try:
        return call("timm", {"name": name, "resolution": resolution})
    except WorkerDied as error:
        raise EnvironmentFault(f"{PREFIX}{name} cannot be looked up: {error}.") from error


def _build(wish: Wish) -> Built:
    from latbench.zoo.networks.timm import create_timm, image

    own = wish.name.removeprefix(PREFIX)
    kwargs = {"name": own, "resolution": wish.resolution, "seed": SEED, **wish.forms}
    module = create_timm(own, wish.resolution, seed=SEED, **wish.forms)
    shown = image(module, wish.resolution, seed=SEED)
    return Built(module, (shown,), "latbench.zoo.networks.timm:create_timm", kwargs)


KIND = Kind(
    "timm",
    -1,
    lambda name: name.startswith(PREFIX),
    _open,
    _build,
    packages=lambda _: INSTALLED.versions(["timm"]),
)
"""Asked first, for the prefix looks like a package; another timm may build another network."""
