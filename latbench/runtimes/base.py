"""What a runtime is: one small protocol, satisfied by one file per runtime in this folder."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from latbench.errors import BadInput

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Source:
    """What a runtime loads: an ONNX file, or a factory that returns an eager `nn.Module`.

    `kind` is "onnx" (then `path` is set) or "module" (then `factory` is "package.module:callable" and
    `kwargs` its keyword arguments).
    """

    kind: str
    path: str | None = None
    factory: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Source":
        """Return the source that `to_json` wrote."""
        return cls(**fields)


@dataclass(frozen=True)
class SessionOptions:
    """What is asked of a runtime: device ("cpu"), threads, precision ("fp32") and thread spinning.

    `spinning` None keeps the runtime's own default; False turns it off, as is done when threads exceed the
    usable CPUs.
    """

    device: str = "cpu"
    threads: int = 4
    precision: str = "fp32"
    spinning: bool | None = None


@dataclass(frozen=True)
class Availability:
    """Whether a runtime can run here: its version, or the reason it cannot and the line that mends it.

    `precisions` are those of the runtime's `precisions` that this machine has units for, `offers` the
    providers, devices or libraries that it found here; () is not told.
    """

    available: bool
    version: str | None = None
    reason: str | None = None
    mend: str | None = None
    precisions: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Make tuples of the lists that JSON brings back."""
        for name in ("precisions", "offers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True)
class Facts:
    """What really ran, read back from the live session, never copied from the request.

    Unknown is None. `extra` holds runtime-specific read-backs with JSON values (streams, pinning, flags).
    """

    provider: str | None = None
    device: str | None = None
    precision: str | None = None
    threads: int | None = None
    spinning: bool | None = None
    version: str | None = None
    boundary: str = "host"
    extra: Mapping[str, Any] = field(default_factory=dict)


class Session(Protocol):
    """A loaded model with its inputs and outputs bound to preallocated buffers."""

    run: Callable[[], object]
    """One inference on the cheapest correct call path; returns when the outputs are readable on the host."""

    facts: Facts
    compile_ns: int | None
    """Time of the machine-specific compilation where it can be told apart from loading, else None."""

    def bind(self, inputs: Arrays) -> None:
        """Copy `inputs` into the bound buffers (and create them on the first call)."""

    def outputs(self) -> Arrays:
        """Return copies of the outputs of the latest `run`, by output name."""

    def close(self) -> None:
        """Release the model."""


class Runtime(Protocol):
    """An engine that turns a `Source` into a `Session`."""

    name: str
    accepts: frozenset[str]
    """The `Source.kind`s it can load."""

    devices: frozenset[str]
    precisions: frozenset[str]
    """What may be asked of it as `SessionOptions.precision`; "fp32" is the file's or module's own."""

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether this runtime can run on `device` here, without raising."""

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the environment variables the launch process needs before anything is imported."""

    def prepare(self, source: Source, options: SessionOptions) -> Session:
        """Load and compile; raises with the runtime's own message when it cannot."""


def wanted(inputs: Arrays, name: str) -> np.ndarray:
    """Return the array given for the model's input `name`; BadInput lists what was given instead."""
    if name not in inputs:
        given = ", ".join(inputs) or "none"
        raise BadInput(f"The model has an input {name!r}, but the inputs given are: {given}.")
    return inputs[name]
