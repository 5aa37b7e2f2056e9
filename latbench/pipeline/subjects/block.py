"""Single modulation blocks: "efficientmod_block_c40_r6_56"."""

from collections.abc import Mapping

from latbench.errors import BadInput
from latbench.pipeline.subjects.base import Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish
from latbench.zoo.blocks import FORMS, block_spec, is_block
from latbench.zoo.spec import defaults


def _open(name: str, resolution: int | None) -> Subject:
    spec = block_spec(name)
    if resolution not in (None, spec.size):
        raise BadInput(f"{name} has its size in its name; leave out --resolution.")
    return Subject(
        kind=KIND.name,
        name=name,
        family="EfficientMod block",
        resolution=spec.size,
        macs=spec.macs,
        forms=FORMS,
        forms_for=_forms_for,
    )


def _forms_for(_: str) -> Mapping[str, str]:
    return defaults(FORMS)


def _build(wish: Wish) -> Built:
    from latbench.zoo.blocks import block_input, create_block

    block = create_block(wish.name, seed=SEED, **wish.forms)
    activation = block_input(wish.name, wish.forms["layout"], seed=SEED)
    kwargs = {"name": wish.name, "seed": SEED, **wish.forms}
    return Built(block, (activation,), "latbench.zoo.blocks:create_block", kwargs)


KIND = Kind("block", 5, is_block, _open, _build, repeatable=True)
"""Asked before the zoo, which takes every name."""
