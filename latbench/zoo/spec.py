"""What is known about one model of the zoo, without building it."""

import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from latbench.errors import BadInput

if TYPE_CHECKING:
    from torch import nn

Forms = Mapping[str, Collection[str]]
"""Forms and the values each takes: `in` tells whether it does; iterating lists them, the default first."""

MACS_NOT_COUNTED = "norms, activations, softmax, pooling, element-wise arithmetic, biases"


@dataclass(frozen=True)
class PublishedLatency:
    """A latency that a paper reports: on which device, in milliseconds, and where it stands."""

    device: str
    ms: float
    source: str


@dataclass(frozen=True)
class Evidence:
    """How sure the architecture is, and `why`.

    `label` is "published" (by its authors' code), "inferred" (a variant they tell of whose code they did not
    publish) or "reconstruction" (no code at all: built from the text, what it leaves open fitted to the
    published figures).
    """

    label: str
    why: str


@dataclass(frozen=True)
class Sizes:
    """The resolutions a network takes: multiples of `multiple`, `smallest` to `largest` (None: no end)."""

    smallest: int = 32
    multiple: int = 1
    largest: int | None = None

    def nearest(self, resolution: int) -> tuple[int, ...]:
        """Return the one or two sizes nearest to `resolution` that work, in ascending order."""
        first = -(-self.smallest // self.multiple) * self.multiple
        if resolution <= first:
            return (first,)
        if self.largest is not None and resolution >= self.largest // self.multiple * self.multiple:
            return (self.largest // self.multiple * self.multiple,)
        below = resolution // self.multiple * self.multiple
        return (below,) if below == resolution else (below, below + self.multiple)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """One model: its published figures, their sources, and how to build it.

    `params` and `macs` are exact counts of the network built here, at `resolution`; the MACs leave out
    `macs_not_counted`. `top1` is the published ImageNet-1k accuracy in percent, without distillation.
    `network` is "package.module:Class" and `config` its fixed arguments; `forms` are further arguments with
    the values they take, the default first: they change how outputs are computed, but neither the outputs
    (beyond rounding) nor the parameters; `macs` are those of a ParC's spatial form, whatever computes it.
    `fastest` maps an export target to the forms that are fastest there, by `make bench-export`. `calibrated`
    is whether its live weights need their BatchNorms set to what passes through them, for without that an
    image changes nothing in the logits. `scaled` are factors of live weights, by what their keys end in,
    where a deep network would blow rounding up without. `code` and `commit`: the authors' code (None: not
    published).
    `package` is the one that holds the network's own code.
    """

    name: str
    family: str
    params: int
    macs: int
    paper: str
    evidence: Evidence
    network: str
    config: Mapping[str, Any]
    resolution: int = 224
    sizes: Sizes = Sizes()
    forms: Forms = field(default_factory=dict)
    fastest: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    calibrated: bool = False
    scaled: Mapping[str, float] = field(default_factory=dict)
    top1: float | None = None
    top1_source: str | None = None
    latencies: tuple[PublishedLatency, ...] = ()
    code: str | None = None
    commit: str | None = None
    package: str = "latbench"
    macs_not_counted: str = MACS_NOT_COUNTED

    def check_resolution(self, resolution: int) -> None:
        """Return None when the model takes square images of this size; BadInput names the nearest sizes."""
        nearest = self.sizes.nearest(resolution)
        if resolution not in nearest:
            choices = " or ".join(map(str, nearest))
            raise BadInput(
                f"{self.name} cannot take resolution {resolution}; the nearest it takes: {choices}."
            )

    def build(self, **forms: str) -> "nn.Module":
        """Return the network in the given `forms`, with freshly initialised weights; needs PyTorch."""
        module, attribute = self.network.split(":")
        return getattr(importlib.import_module(module), attribute)(**self.config, **forms)

    def at(self, resolution: int) -> Self:
        """Return the spec of the network for square images of `resolution` pixels.

        The spec itself, for one network takes every size; a family of networks built for one overrides it.
        """
        return self

    def unfinished(self, **forms: str) -> "nn.Module":
        """Return the network that weights are filled into, which `finish` turns into the one that is run."""
        return self.build(**forms)

    def finish(self, network: "nn.Module", **forms: str) -> "nn.Module":
        """Return what is run of a network that has its weights, in the given `forms`: the network itself."""
        return network

    def missing(self) -> str | None:
        """Return why the network cannot be built here, PyTorch apart, and how to mend it; None if it can."""
        return None

    def forms_for(self, target: str) -> dict[str, str]:
        """Return the forms to export for `target` with: those fastest there, else the default ones."""
        return defaults(self.forms) | dict(self.fastest.get(target, {}))


def defaults(forms: Forms) -> dict[str, str]:
    """Return the default value of each form."""
    return {form: next(iter(values)) for form, values in forms.items()}
