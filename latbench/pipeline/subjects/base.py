"""What can be measured: a subject, and the kinds of subject (one file each in this folder)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporters.involution.base import UNFOLD
from exporters.involution.name import VALUES as INVOLUTION_VALUES
from exporters.lowerings.name import AUTO, VALUES
from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.wish import EAGER, Wish
from latbench.zoo.spec import Forms

if TYPE_CHECKING:
    from torch import Tensor, nn

ONNX, MODULE = "onnx", "module"
"""The kinds of source a runtime loads (`Source.kind`)."""

PARC = "parc"
"""The form that names the lowering of circular correlations."""

INVOLUTION = "involution"
"""The form that names the lowering of involutions."""

OWN_FORMS: Forms = {PARC: VALUES, INVOLUTION: INVOLUTION_VALUES}
OWN_EAGER_FORMS: Forms = {PARC: (AUTO,), INVOLUTION: (AUTO, UNFOLD)}
"""The forms of one's own module: what it holds is found when it is exported; run as it is, it stays."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One thing to measure, known without building it; unknown is None.

    `gives` are the kinds of source it can become. `macs` are exact for `resolution`; `about_macs` is a
    guess for estimates. `forms` are the forms it can be computed in, with their values; `eager_forms` those
    values that the module itself can take, where an export can take more; `forms_for` returns the forms in
    which a target wants it. `inputs` are those asked for, which only somebody's own model takes. `refusal`
    says why all its cells are skipped. `evidence` is how sure the architecture of a model of the zoo is.
    """

    kind: str
    name: str
    gives: frozenset[str] = frozenset({ONNX, MODULE})
    family: str | None = None
    evidence: str | None = None
    resolution: int | None = None
    input_shape: str | None = None
    params: int | None = None
    macs: int | None = None
    about_macs: float | None = None
    forms: Forms = field(default_factory=dict)
    eager_forms: Forms = field(default_factory=dict)
    forms_for: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    inputs: Inputs = NONE
    refusal: str | None = None

    def wish(
        self, target: str, opset: int, forms: Mapping[str, str] | None = None, threads: int | None = None
    ) -> Wish:
        """Return the export of this subject for `target`, or what is run as it is.

        `forms` override the target's own; one that the subject lacks is left out: there is nothing to choose.
        `threads` count where a lowering is left to "auto". BadInput for a value that a form does not have.
        """
        for form, value in (forms or {}).items():
            if form in self.forms and value not in self.forms[form]:
                values = ", ".join(self.forms[form])
                raise BadInput(f"{self.name} has no --{form} {value!r}; use one of: {values}.")
        asked = {form: value for form, value in (forms or {}).items() if form in self.forms}
        chosen = {**self.forms_for(target), **asked}
        return Wish(
            kind=self.kind,
            name=self.name,
            resolution=self.resolution,
            opset=opset,
            target=target,
            forms=chosen,
            threads=threads if self._left_to_auto(target, chosen) else None,
            inputs=self.inputs,
        )

    def _left_to_auto(self, target: str, chosen: Mapping[str, str]) -> bool:
        """Tell whether the measured table decides; one's own module is lowered too, but runs as it is."""
        return PARC in self.forms and chosen.get(PARC, None if target == EAGER else AUTO) == AUTO

    def eager_refusal(self, forms: Mapping[str, str]) -> str | None:
        """Return why the module cannot be run in `forms`, None where it can."""
        for form, values in self.eager_forms.items():
            if form in forms and forms[form] not in values:
                known = ", ".join(values)
                asked = f"--{form} {forms[form]}"
                return f"{asked} is a form of exported graphs; a module that runs as it is takes {known}"
        return None


@dataclass(frozen=True)
class Built:
    """A module in eval mode with example inputs; `factory` and `kwargs` are how a runtime makes it again.

    `input_names` and `output_names` are those of the graph, where the module gives none of its own.
    """

    module: "nn.Module"
    inputs: "tuple[Tensor, ...]"
    factory: str
    kwargs: Mapping[str, object]
    input_names: tuple[str, ...] | None = None
    output_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of subject: which names are its, how to look one up, and how to build one (needs PyTorch).

    `claims` is asked in the order of `order`. `open` takes the name and a resolution (None: its own) and
    raises BadInput when they cannot be used; `fed` does the same for a name whose inputs are asked for, None
    where a model has its own.
    """

    name: str
    order: int
    claims: Callable[[str], bool]
    open: Callable[[str, int | None], Subject]
    build: Callable[[Wish], Built] | None = None
    repeatable: bool = False
    """Whether the same wish always gives the same artifact while latbench's own code stands."""

    fed: Callable[[str, int | None, Inputs], Subject] | None = None
    packages: Callable[[str], Mapping[str, str]] = lambda _: {}
    """The versions of other packages whose code makes the module of a name, by distribution."""
