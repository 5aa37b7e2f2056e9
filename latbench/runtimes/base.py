"""What a runtime is: one small protocol, satisfied by one file per runtime in this folder."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from latbench.errors import BadInput

Arrays = dict[str, np.ndarray]

Value = bool | int | float | str
"""The value of a runtime's own option."""

ONLY_ON: Mapping[str, str] = {"tf32": "cuda"}
"""Precisions that one device alone has: TF32 is an arithmetic of NVIDIA's matrix units."""

_ON, _OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_WORDS = dict.fromkeys(_ON, True) | dict.fromkeys(_OFF, False)


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
    """What is asked of a runtime: device ("cpu"), threads, precision ("fp32"), spinning, its own knobs.

    Device "cuda" is the first GPU that CUDA_VISIBLE_DEVICES leaves. "fp32" on a GPU means TF32 off; "tf32" is
    the same artifact with TF32 products allowed. `spinning` None keeps the runtime's own default; False turns
    it off, as is done when threads exceed the usable CPUs. `knobs` are those of the runtime's own options
    that were set; `knob` tells the value of any.
    """

    device: str = "cpu"
    threads: int = 4
    precision: str = "fp32"
    spinning: bool | None = None
    knobs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Knob:
    """One option of a runtime's own: its default (whose type is the option's), and which values it may have.

    `about` is a phrase for the user. `least` and `most` bound a number, `choices` are the words allowed,
    `devices` those on which it has an effect (None: all of the runtime's).
    """

    default: Value
    about: str
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    devices: frozenset[str] | None = None

    @property
    def allowed(self) -> str:
        """What may be given, as a phrase: "on or off", "a whole number from 0 to 5", "one of: auto, full"."""
        if isinstance(self.default, bool):
            return "on or off"
        if self.choices:
            return f"one of: {', '.join(self.choices)}"
        if isinstance(self.default, str):
            return "text without a semicolon"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        ends = (("from", self.least), ("to", self.most))
        if self.least is not None and self.most is None:
            return f"{kind}, at least {self.least:g}"
        return " ".join((kind, *(f"{word} {end:g}" for word, end in ends if end is not None)))

    def read(self, text: str) -> Value:
        """Return the value that `text` writes; ValueError with the phrase of what is allowed."""
        value = self._value(text.strip())
        if value is None:
            raise ValueError(self.allowed)
        return value

    def _value(self, text: str) -> Value | None:
        if isinstance(self.default, bool):
            return _WORDS.get(text.lower())
        if isinstance(self.default, str):
            known = text in self.choices if self.choices else bool(text) and text.isprintable()
            return text if known and ";" not in text else None
        try:
            value = int(text) if isinstance(self.default, int) else float(text)
        except ValueError:
            return None
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        return value if math.isfinite(value) and least <= value <= most else None


NO_KNOBS: Mapping[str, Knob] = MappingProxyType({})


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

    Unknown is None. `boundary` is where the latency is taken: "host" is the call to the outputs readable on
    the host, which on a GPU includes copying inputs and outputs, one after the other. `extra` holds
    runtime-specific read-backs with JSON values (streams, pinning, flags); on a GPU, where known: `gpu` (its
    name), `driver`, `compute_capability`, `copies` (where they are counted), `cuda_graph` ("on", "off" or
    "fell back: REASON"), `engine_bytes`, `engine_build_ns`, `engine_cached`, and `layers` (their number by
    the precision that the builder chose).
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

    device_ns: Callable[[int], tuple[int, ...]] | None
    """Latency on the device in ns of each of the latest `count` runs, oldest first: by events recorded around
    the inference itself, without the copies. () when fewer were kept; None (or not there) on a CPU."""

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
    """What it can be asked for; what is here tells `check`."""

    precisions: frozenset[str]
    """What may be asked of it as `SessionOptions.precision`, on any device; "fp32" is the file's or module's
    own."""

    knobs: Mapping[str, Knob]
    """Its own options by name, {} for most."""

    def check(self, device: str = "cpu") -> Availability:
        """Tell whether this runtime can run on `device` here, without raising."""

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return the environment variables the launch process needs before anything is imported."""

    def prepare(self, source: Source, options: SessionOptions) -> Session:
        """Load and compile; raises with the runtime's own message when it cannot."""


def knob(runtime: Runtime, options: SessionOptions, name: str) -> Value:
    """Return the value of the runtime's own option `name`: the one set, else the default; KeyError: none."""
    default = runtime.knobs[name].default
    return options.knobs.get(name, default)


def device_latency(session: Session, count: int) -> tuple[int, ...]:
    """Return the device latency in ns of each of the latest `count` runs, () where the session tells none."""
    told = getattr(session, "device_ns", None)
    return () if told is None else tuple(told(count))


def wanted(inputs: Arrays, name: str) -> np.ndarray:
    """Return the array given for the model's input `name`; BadInput lists what was given instead."""
    if name not in inputs:
        given = ", ".join(inputs) or "none"
        raise BadInput(f"The model has an input {name!r}, but the inputs given are: {given}.")
    return inputs[name]
