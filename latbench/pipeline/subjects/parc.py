"""Single ParCs: "parc_h_c64_56"."""

from collections.abc import Mapping

from exporters.lowerings.choice import eager
from exporters.lowerings.name import AUTO
from latbench.errors import BadInput
from latbench.pipeline.subjects.base import PARC, Built, Kind, Subject
from latbench.pipeline.tables import in_use
from latbench.pipeline.wish import EAGER, SEED, Wish
from latbench.zoo.parcs import EAGER_FORMS, FORMS, is_parc, parc_spec
from latbench.zoo.spec import defaults


def _open(name: str, resolution: int | None) -> Subject:
    spec = parc_spec(name)
    square = spec.height == spec.width
    if resolution is not None and not (square and resolution == spec.height):
        raise BadInput(f"{name} has its size in its name; leave out --resolution.")
    return Subject(
        kind=KIND.name,
        name=spec.name,
        family="ParC",
        resolution=spec.height if square else None,
        input_shape="x".join(map(str, spec.shape)),
        params=spec.params,
        macs=spec.macs,
        forms=FORMS,
        eager_forms={PARC: EAGER_FORMS},
        forms_for=lambda _: defaults(FORMS),
    )


def _build(wish: Wish) -> Built:
    from latbench.zoo.parcs import create_parc, parc_input

    kwargs = {"name": wish.name, "seed": SEED, **_forms(wish)}
    module = create_parc(wish.name, seed=SEED, **_forms(wish))
    return Built(module, (parc_input(wish.name, seed=SEED),), "latbench.zoo.parcs:create_parc", kwargs)


def _forms(wish: Wish) -> Mapping[str, str]:
    """Return the forms of the module; run as it is, "auto" is what was measured to be faster."""
    spec = parc_spec(wish.name)
    if (wish.target, wish.forms[PARC]) != (EAGER, AUTO) or spec.dense:
        return wish.forms
    form = eager(spec.axis, spec.length, spec.channels, wish.threads or 1, in_use())
    return {**wish.forms, PARC: form}


KIND = Kind("parc", 4, is_parc, _open, _build, repeatable=True)
"""Asked before the zoo, which takes every name."""
