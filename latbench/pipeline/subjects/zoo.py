"""Models of the zoo."""

from dataclasses import replace

from latbench.errors import BadInput, EnvironmentFault
from latbench.machine.packages import INSTALLED
from latbench.pipeline.subjects.base import INVOLUTION, PARC, Built, Kind, Subject
from latbench.pipeline.wish import SEED, Wish
from latbench.zoo.parcs import EAGER_FORMS as PARC_EAGER
from latbench.zoo.rednet import EAGER_FORMS as INVOLUTION_EAGER
from latbench.zoo.registry import models, spec
from latbench.zoo.spec import Forms, ModelSpec

EAGER_FORMS: Forms = {PARC: PARC_EAGER, INVOLUTION: INVOLUTION_EAGER}
"""The values of a form in which a module of the zoo can be run as it is, where an export takes more."""


def whole_zoo(resolution: int | None) -> tuple[Subject, ...]:
    """Return every model of the zoo, with a refusal where it cannot take `resolution` or be built here."""
    return tuple(_or_refused(model, resolution) for model in models())


def _or_refused(model: ModelSpec, resolution: int | None) -> Subject:
    try:
        return replace(_known(model, resolution), refusal=model.missing())
    except BadInput as error:
        shape = f"1x3x{resolution}x{resolution}"
        own = _known(model, None)
        return replace(own, resolution=resolution, input_shape=shape, macs=None, refusal=str(error))


def _open(name: str, resolution: int | None) -> Subject:
    model = spec(name)
    found = _known(model, resolution)
    if lack := model.missing():
        raise EnvironmentFault(lack)
    return found


def _known(model: ModelSpec, resolution: int | None) -> Subject:
    size = model.resolution if resolution is None else resolution
    model.check_resolution(size)
    return Subject(
        kind=KIND.name,
        name=model.name,
        family=model.family,
        evidence=model.evidence.label,
        resolution=size,
        input_shape=f"1x3x{size}x{size}",
        params=model.params,
        macs=model.macs if size == model.resolution else None,
        about_macs=model.macs * (size / model.resolution) ** 2,
        forms=model.forms,
        eager_forms={form: values for form, values in EAGER_FORMS.items() if form in model.forms},
        forms_for=model.forms_for,
    )


def _build(wish: Wish) -> Built:
    from latbench.zoo.create import create_model, example_input

    kwargs = {"name": wish.name, "resolution": wish.resolution, "seed": SEED, **wish.forms}
    module = create_model(wish.name, wish.resolution, seed=SEED, **wish.forms)
    image = example_input(spec(wish.name), wish.resolution, seed=SEED)
    return Built(module, (image,), "latbench.zoo.create:create_model", kwargs)


def _packages(name: str) -> dict[str, str]:
    foreign = {model.package for model in models() if model.name == name} - {"latbench"}
    return INSTALLED.versions(foreign)


KIND = Kind("zoo", 9, lambda _: True, _open, _build, repeatable=True, packages=_packages)
