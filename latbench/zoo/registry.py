"""The models of the zoo: every module of this folder may offer `MODELS`, a tuple of specs."""

from difflib import get_close_matches
from functools import cache

from exporters.discovery import discover
from latbench.errors import BadInput
from latbench.zoo.spec import ModelSpec
from latbench.zoo.timm_import import names


@cache
def _by_name() -> dict[str, ModelSpec]:
    return discover("latbench.zoo", "MODELS", lambda model: model.name)


def models() -> tuple[ModelSpec, ...]:
    """Return the specs of all models, by module and in each module's own order."""
    return tuple(_by_name().values())


def spec(name: str) -> ModelSpec:
    """Return the spec of the model called `name`; BadInput tells timm's or near names when there is none."""
    found = _by_name()
    if name not in found:
        near = get_close_matches(name.lower().replace("-", "_"), found, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "`latbench list` shows all."
        if name in names():
            hint = f"timm has it: timm:{name}."
        raise BadInput(f"There is no model {name!r} in the zoo; {hint}")
    return found[name]
