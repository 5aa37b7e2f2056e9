"""What an export is asked for, as plain values that travel between processes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from exporters.export import DEFAULT_OPSET
from latbench.pipeline.own.inputs import NONE, Inputs

EAGER = "eager"
"""The target of a module that is run as it is, without an artifact."""

SEED = 0
"""The seed of weights and example inputs of every export."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One export: `name` a zoo model or "package.module:factory" (`kind` says which), and how to lower it.

    `resolution` in pixels (None: the model's own), `forms` how the module is to compute, e.g.
    {"expand": "broadcast"}. `threads` are those that "auto" chooses for, None where nothing is left to it.
    `inputs` are asked for where the model is somebody's own.
    """

    kind: str
    name: str
    resolution: int | None = None
    opset: int = DEFAULT_OPSET
    target: str = "portable"
    forms: Mapping[str, str] = field(default_factory=dict)
    threads: int | None = None
    inputs: Inputs = NONE

    @property
    def stem(self) -> str:
        """The file name without its suffix: different wishes never share one."""
        size = () if self.resolution is None else (str(self.resolution),)
        forms = (f"{form}_{value}" for form, value in sorted(self.forms.items()))
        opset = () if self.target == EAGER else (f"opset{self.opset}",)
        threads = () if self.threads is None else (f"threads{self.threads}",)
        parts = (self._short, *size, self.target, *opset, *forms, *threads)
        return re.sub(r"[^A-Za-z0-9_.-]", ".", "-".join(parts))

    @property
    def _short(self) -> str:
        """The name, with a digest where it is long, unfit for a file name or not all there is."""
        if re.fullmatch(r"[A-Za-z0-9_.:-]{1,120}", self.name) and not self.inputs:
            return self.name
        digest = hashlib.sha256(f"{self.name} {self.inputs.text}".encode()).hexdigest()
        return f"{re.sub('[^A-Za-z0-9_-]+', '.', self.name).strip('.')[-80:]}-{digest[:8]}"

    @property
    def lowering(self) -> str | None:
        """The forms as text, "expand=broadcast;layout=channels_last"."""
        return lowering(self.forms)

    @property
    def provenance(self) -> dict[str, str]:
        """What an artifact must say of its origin to be the one wished for."""
        size = {} if self.resolution is None else {"resolution": str(self.resolution)}
        forms = {} if self.lowering is None else {"forms": self.lowering}
        threads = {} if self.threads is None else {"threads": str(self.threads)}
        inputs = {} if self.inputs.text is None else {"inputs": self.inputs.text}
        return {"model": self.name, "seed": str(SEED), **size, **forms, **threads, **inputs}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return {**asdict(self), "forms": dict(self.forms), "inputs": self.inputs.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the wish that `to_json` wrote."""
        return cls(**{**values, "inputs": Inputs.from_json(values.get("inputs", {}))})


def lowering(forms: Mapping[str, str]) -> str | None:
    """Return forms as text, sorted by name; None without any."""
    return ";".join(f"{form}={value}" for form, value in sorted(forms.items())) or None
