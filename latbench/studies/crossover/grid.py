"""What is measured for a crossover: single operators or whole networks, each in several lowerings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from exporters.lowerings import lowerings
from exporters.lowerings.base import LITERAL, SPATIAL, Circular
from exporters.lowerings.name import AUTO, FFT, VALUES, parse
from latbench.errors import BadInput
from latbench.zoo.parcs import EAGER_FORMS, ISOLATED, NETWORK, ParcSpec
from latbench.zoo.registry import models, spec

CONTEXTS = (ISOLATED, NETWORK)
PARC = "parc"
CPU = "cpu"
NETWORK_FORMS = (SPATIAL, FFT, "dft_op", AUTO)
"""What a whole network is measured in, unless lowerings are named."""

CHUNKED_FROM, FACTORED_TO, WHOLE_TO = 800_000, 4_000_000, 10_000_000
"""Bytes of an activation from which chunks of channels are tried too, for below it stays in the cache; and up
to which forms with a factor, and those without, are tried in one piece: above, chunks have won everywhere."""

FACTORS = 3
"""Factors tried of a length, those first that cost the fewest multiplications."""

DFT_NS = 0.6
"""Nanoseconds per place and length that ONNX Runtime's DFT operator takes at lengths of 224 and 448 that are
no power of two, where its cost grows with the square of the length; smaller ones take several times that."""


@dataclass(frozen=True)
class Asked:
    """One subject in several lowerings; `refused` are lowerings that are not tried, each with the reason.

    `resolution` is the height and width of the input of a network, None for an operator, whose name has its.
    `runtimes` are those it is for, `eager` whether they run the module itself.
    """

    name: str
    lowerings: tuple[str, ...]
    resolution: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    runtimes: tuple[str, ...] = ()
    eager: bool = False


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Every combination of `sizes`, `channels` and `axes`, as operators; or `model` at every one of `sizes`.

    `lowerings` empty means all that can be built. Operators are `dense` or depthwise, and stand alone or
    between 1x1 convolutions (`context` "network"). An activation of more than `memory_limit` bytes, and a DFT
    operator that would take longer than `call_limit_s` a call, are refused, not measured; so is, unless asked
    for by name, a DFT operator on a `device` other than the CPU. BadInput for what cannot be.
    """

    sizes: tuple[int, ...]
    channels: tuple[int, ...] = ()
    axes: tuple[str, ...] = ("h", "w")
    model: str | None = None
    context: str = ISOLATED
    dense: bool = False
    lowerings: tuple[str, ...] = ()
    device: str = CPU
    memory_limit: int = 128 * 2**20
    call_limit_s: float = 2.0

    def __post_init__(self) -> None:
        for text in self.lowerings:
            if text not in VALUES:
                raise BadInput(f"--lowering {text!r} does not exist; use some of: {', '.join(VALUES)}.")
        for axis in self.axes:
            if axis not in ("h", "w"):
                raise BadInput(f"--axis {axis!r} is no axis; use h, w or both: h,w.")
        if self.model is not None and ":" not in self.model and PARC not in spec(self.model).forms:
            known = ", ".join(model.name for model in models() if PARC in model.forms)
            raise BadInput(
                f"--model {self.model} has no ParC to lower; use one of: {known}, or your own factory."
            )
        if self.context not in CONTEXTS:
            raise BadInput(f"--context {self.context!r} does not exist; use one of: {', '.join(CONTEXTS)}.")

    def asked(self, *, eager: bool = False) -> tuple[Asked, ...]:
        """Return what is to be measured, a subject at a time, the smallest size first.

        With `eager` it is of the module as it runs: the forms that it has, the spatial one and torch.fft.
        """
        if self.model is not None:
            every = tuple(form for form in NETWORK_FORMS if form in EAGER_FORMS) if eager else NETWORK_FORMS
            forms, refused = self._kept(with_spatial(self.lowerings or every), eager=eager)
            return tuple(Asked(self.model, forms, size, refused) for size in self.sizes)
        return tuple(
            self._operator(ParcSpec(axis, channels, size, size, self.dense, self.context), eager=eager)
            for size, channels, axis in product(self.sizes, self.channels, self.axes)
        )

    def _kept(self, forms: Sequence[str], *, eager: bool) -> tuple[tuple[str, ...], dict[str, str]]:
        """Return those of `forms` that can be tried, and why the others are not, by form."""
        refused = {}
        for text in forms:
            if eager and text not in EAGER_FORMS:
                refused[text] = "a form of exported graphs; a module that runs as it is has spatial and fft"
            elif self.device != CPU and _literal(text) and not self.lowerings:
                why = f"no runtime here has a DFT operator on {self.device}"
                refused[text] = f"{why}; --lowering {text} tries it"
        return tuple(text for text in forms if text not in refused), refused

    def _operator(self, spec: ParcSpec, *, eager: bool) -> Asked:
        size = spec.length
        taps = (spec.channels, spec.channels, size) if spec.dense else (spec.channels, size)
        op = Circular(spec.axis, spec.shape, np.broadcast_to(np.float64(0), taps))
        built = possible(op, pointwise=self.context == NETWORK, chunks=self.device == CPU)
        every = (SPATIAL, FFT) if eager else tuple(built)
        forms, refused = self._kept(with_spatial(self.lowerings or every), eager=eager)
        large = 4 * spec.channels * size * size
        if large > self.memory_limit:
            why = (
                f"an activation of {large / 2**20:.0f} MiB is over the limit of "
                f"{self.memory_limit / 2**20:.0f} MiB (--memory-limit)"
            )
            return Asked(spec.name, (), refused={**refused, **dict.fromkeys(forms, why)})
        seconds = literal_seconds(spec.channels, size)
        if seconds > self.call_limit_s and self.device == CPU:
            why = f"a call of the DFT operator would take about {seconds:.1f} s, over {self.call_limit_s:g} s"
            refused |= {text: why for text in forms if _literal(text)}
        return Asked(spec.name, tuple(text for text in forms if text not in refused), refused=refused)


def possible(op: Circular, *, pointwise: bool = False, chunks: bool = True) -> Iterator[str]:
    """Yield the name of every lowering that can be built for `op`, with the factors most worth trying.

    With `chunks` depthwise ones come in chunks of channels where the activation is large, for the caches of
    CPUs (see `CHUNKED_FROM`), and with `pointwise` also with the neighbouring 1x1 convolutions as matrix
    products.
    """
    size = 0 if op.dense or not chunks else 4 * int(np.prod(op.shape))
    for name, lowering in lowerings().items():
        factors: Sequence[int | None] = lowering.factors(op)[:FACTORS] if lowering.takes_factor else (None,)
        for factor in factors:
            if lowering.refusal(op, factor) is not None:
                continue
            text = name if factor is None else f"{name}_{factor}"
            if lowering.family in (SPATIAL, LITERAL):
                yield text
                continue
            whole = (text,) if size <= (WHOLE_TO if factor is None else FACTORED_TO) else ()
            forms = (*whole, f"{text}_ch") if size > CHUNKED_FROM else (text,)
            yield from forms
            yield from (f"{one}+matmul" for one in forms if pointwise)


def with_spatial(forms: Sequence[str]) -> tuple[str, ...]:
    """Return `forms` with the spatial form, which all others are compared with, first."""
    return (SPATIAL, *(one for one in dict.fromkeys(forms) if one != SPATIAL))


def literal_seconds(channels: int, size: int) -> float:
    """Return about how long one call of the DFT operator takes on a square activation, in seconds."""
    if size & (size - 1) == 0:
        return 0.0
    return DFT_NS * 1e-9 * channels * float(size) ** 3


def _literal(text: str) -> bool:
    return text != AUTO and lowerings()[parse(text).lowering].family == LITERAL


def sizes_of(text: str, option: str = "--resolutions") -> tuple[int, ...]:
    """Return the sizes that `text` names, ascending: "7:448" is 7 doubled up to 448, "7,13,14" a list.

    BadInput, naming `option`, for anything else.
    """
    found: set[int] = set()
    for part in text.split(","):
        ends = part.strip().split(":")
        if len(ends) > 2 or not all(end.isdecimal() and int(end) > 0 for end in ends):
            raise BadInput(f"{option} {text!r} is no list of whole numbers; write it like 7:448 or 7,14,28.")
        size, last = int(ends[0]), int(ends[-1])
        if size > last:
            raise BadInput(f"{option} {part.strip()!r} runs backwards; write it {last}:{size}.")
        while size <= last:
            found.add(size)
            size *= 2
    return tuple(sorted(found))
