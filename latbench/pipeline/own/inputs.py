"""What is asked about the inputs of somebody's own model: their sizes, open axes, and the values in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from latbench.errors import BadInput

TYPES = (
    *("float32", "float16", "float64"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"),
)
"""The types of value that an input may hold; NumPy, and so a reference file, has no bfloat16."""


@dataclass(frozen=True)
class Input:
    """An input as it will be fed: its name, its shape and its NumPy type."""

    name: str
    shape: tuple[int, ...]
    dtype: type[np.generic]


@dataclass(frozen=True)
class Shape:
    """One --shape: an input's name (None: the next one), its sizes, and its type where one is told."""

    name: str | None
    sizes: tuple[int, ...]
    dtype: str | None


_SHAPE = re.compile(r"(?:(?P<name>.+)=)?(?P<sizes>\d+(?:x\d+)*|\(\))(?::(?P<type>\w+))?")


def _shape(word: str) -> Shape:
    found = _SHAPE.fullmatch(word.strip())
    if not found:
        raise BadInput(f"--shape {word!r} cannot be read; write NAME=1x3x224x224, or the sizes alone.")
    sizes = () if found["sizes"] == "()" else tuple(map(int, found["sizes"].split("x")))
    if 0 in sizes:
        raise BadInput(f"--shape {word} has an axis of size 0; use 1 or more.")
    if found["type"] not in (None, *TYPES):
        raise BadInput(f"--shape {word}: there is no type {found['type']}; use one of: {', '.join(TYPES)}.")
    return Shape(found["name"], sizes, found["type"])


def _pins(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for word in words:
        name, sign, size = word.strip().rpartition("=")
        if not (name and sign and size.isdecimal() and int(size)):
            raise BadInput(f"--pin {word!r} cannot be read; write AXIS=SIZE, for example batch=1.")
        yield name, int(size)


def _ranges(words: Sequence[str]) -> Iterator[tuple[str | None, float, float]]:
    for word in words:
        name, sign, bounds = word.strip().rpartition("=")
        ends = [_number(end) for end in bounds.split(":")]
        if len(ends) != 2 or None in ends or (sign and not name):
            raise BadInput(f"--range {word!r} cannot be read; write NAME=LOW:HIGH, for example ids=0:30522.")
        low, high = (float(end or 0) for end in ends)
        if not low < high:
            raise BadInput(f"--range {word} is empty; LOW must lie below HIGH, which is left out.")
        yield name or None, low, high


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _once(option: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"{option} sets {name} twice; keep one.")


@dataclass(frozen=True)
class Inputs:
    """The words of --shape, --pin and --range; making it raises BadInput for one that cannot be read.

    `shape`: "ids=1x128", "1x3x224x224" or "ids=1x128:int64". `pin`: "batch=1", for axes that a file leaves
    open. `values`: "ids=0:30522", integers from 0 to 30521 or floats between both, uniform; without a name
    for every input that is not named.
    """

    shape: tuple[str, ...] = ()
    pin: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Read every word once, and make tuples of the lists that JSON brings back."""
        for name in ("shape", "pin", "values"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _once("--shape", [one.name for one in self.shapes if one.name is not None])
        _once("--pin", [axis for axis, _ in _pins(self.pin)])
        _once("--range", [str(name) for name, *_ in _ranges(self.values)])

    def __bool__(self) -> bool:
        return bool(self.shape or self.pin or self.values)

    @property
    def text(self) -> str | None:
        """Everything asked for, in one line; None where nothing is."""
        options = (("shape", self.shape), ("pin", self.pin), ("range", self.values))
        return " ".join(f"--{option} {word}" for option, words in options for word in words) or None

    @property
    def options(self) -> str:
        """The options that are given, as a sentence names them."""
        options = (("--shape", self.shape), ("--pin", self.pin), ("--range", self.values))
        return " and ".join(option for option, words in options if words)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """What --shape asks for, in order."""
        return tuple(_shape(word) for word in self.shape)

    @property
    def pins(self) -> dict[str, int]:
        """Sizes by the symbol of an open axis."""
        return dict(_pins(self.pin))

    @property
    def ranges(self) -> dict[str | None, tuple[float, float]]:
        """Bounds of values by the name of an input; None holds for the inputs that are not named."""
        return {name: (low, high) for name, low, high in _ranges(self.values)}

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return {name: list(words) for name, words in asdict(self).items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(**fields)


NONE = Inputs()
"""Nothing is asked for: a model has its own inputs."""


def generate(inputs: Sequence[Input], seed: int, asked: Inputs = NONE) -> dict[str, np.ndarray]:
    """Return arrays for `inputs` by name, the same for the same seed.

    Floats are standard normal; integers and booleans an even mixture of 0 and 1, valid as tokens, indices
    and masks alike, and 1 where there is only one. Where a range is asked for, values are uniform in it;
    BadInput for one that the type cannot hold.
    """
    random = np.random.default_rng(seed)
    ranges = asked.ranges
    return {one.name: _array(one, ranges.get(one.name, ranges.get(None)), random) for one in inputs}


def _array(one: Input, bounds: tuple[float, float] | None, random: np.random.Generator) -> np.ndarray:
    if np.issubdtype(one.dtype, np.floating):
        if bounds is None:
            return np.asarray(random.standard_normal(one.shape)).astype(one.dtype)
        return np.asarray(random.uniform(*bounds, one.shape)).astype(one.dtype)
    if bounds is None or np.issubdtype(one.dtype, np.bool_):
        count = int(np.prod(one.shape))
        mixed = random.permutation(np.arange(count) % 2) if count > 1 else np.ones(1)
        return mixed.reshape(one.shape).astype(one.dtype)
    low, high = map(int, bounds)
    held: Any = np.iinfo(one.dtype)
    if (low, high) != bounds or low < held.min or high - 1 > held.max:
        kind = np.dtype(one.dtype).name
        raise BadInput(
            f"--range {one.name}={bounds[0]:g}:{bounds[1]:g} does not suit an input of {kind}; use whole "
            f"numbers from {held.min} to {held.max}."
        )
    return np.asarray(random.integers(low, high, one.shape, dtype=one.dtype))


def shapes_text(shapes: Sequence[Sequence[int]]) -> str:
    """Return shapes as "1x3x224x224", those of several inputs separated by ";"."""
    return ";".join("x".join(map(str, shape)) or "()" for shape in shapes)
