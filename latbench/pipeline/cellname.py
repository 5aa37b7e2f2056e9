"""A cell written as one word: NAME[@key=value,...]."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from latbench import runtimes
from latbench.errors import BadInput

KEYS = (
    *("runtime", "threads", "target", "expand", "layout", "parc", "involution"),
    *("resolution", "precision", "spinning", "opset"),
)
OWN_INPUTS = ("shape", "pin", "range")
"""What is asked of the inputs of one's own model: shape:ids=1x128, pin:batch=4, range:ids=0:30522."""

_NAMED = (*OWN_INPUTS, "set")
"""What stands before the name of a thing: set:builder_level=5 is an option of the cell's own runtime."""

_NUMBERS = frozenset({"threads", "resolution", "opset"})


@dataclass(frozen=True)
class CellName:
    """A NAME as `latbench run` takes it, and what is set for it alone, by key of `KEYS`."""

    name: str
    settings: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        settings = ",".join(f"{key}={value}" for key, value in self.settings.items())
        return f"{self.name}@{settings}" if settings else self.name


def precisions() -> frozenset[str]:
    """Return the words that some runtime takes as a precision; they may be written without their key."""
    return frozenset().union(*(runtime.precisions for runtime in runtimes.runtimes().values()))


def parse(text: str) -> CellName:
    """Return the cell that `text` writes: "m", "m@openvino", "m@runtime=openvino,threads=2,pin:batch=4".

    "m@tensorrt,set:builder_level=5" sets an option of the runtime's own, which is not looked at here.

    The name of a runtime or a precision may stand without its key. A path that exists is a NAME as a whole,
    whatever signs are in it. BadInput names what cannot be read, and how to write it.
    """
    name, sign, rest = text.rpartition("@")
    if not sign or Path(text).exists():
        return CellName(_named(text, text))
    settings: dict[str, str | int] = {}
    for word in rest.split(","):
        key, value = _setting(word.strip(), text)
        if key in settings:
            raise BadInput(f"{text} sets {key} twice; keep one.")
        settings[key] = value
    return CellName(_named(name, text), settings)


def _named(name: str, text: str) -> str:
    if not name:
        raise BadInput(f"{text!r} names no model; write NAME@key=value, for example efficientmod_s@openvino.")
    return name


def _setting(word: str, text: str) -> tuple[str, str | int]:
    key, sign, value = word.partition("=")
    if not sign:
        known = runtimes.runtimes()
        if word in known or word in precisions():
            return ("runtime" if word in known else "precision"), word
        raise BadInput(
            f"{text}: {word!r} is neither a runtime nor a precision; write key=value with one of: "
            f"{', '.join(KEYS)}."
        )
    option, colon, name = key.partition(":")
    if key not in (*KEYS, "shape", "range") and not (option in _NAMED and colon and name):
        raise BadInput(
            f"{text}: there is no {key!r} to set; use one of: {', '.join(KEYS)}, shape:INPUT, pin:AXIS, "
            "range:INPUT, set:OPTION of the runtime."
        )
    if not value:
        raise BadInput(f"{text}: {key} has no value; write {key}=..., or leave it out.")
    if key not in _NUMBERS:
        return key, value
    if not value.isdecimal():
        raise BadInput(f"{text}: {key} is a whole number, not {value!r}.")
    return key, int(value)
