"""What a lowering is called: `circulant`, `crt4_16`, `crt4_16_ch8`, `circulant+matmul`."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from exporters.errors import InputError
from exporters.lowerings import lowerings
from exporters.lowerings.base import SPATIAL, Circular

AUTO, FFT = "auto", "fft"
LOWERED_FFT = "dense_dft"
"""What the module's FFT form is written as: its transforms, whole, as products of real matrices."""
SUFFIX = r"(?:_(?P<factor>[1-9]\d*))?(?P<chunked>_ch(?P<chunk>[1-9]\d*)?)?(?P<matmul>\+matmul)?"


@dataclass(frozen=True)
class Choice:
    """A lowering with all that it leaves open.

    `factor` is N1 where the lowering takes one, None leaving it to the operator's length; `chunk` the number
    of channels handled at a time, "auto" for as many as stay in the cache, None for all at once; `pointwise`
    how the 1x1 convolutions next to the operator are written: as they are, or as matrix products.
    """

    lowering: str
    factor: int | None = None
    chunk: int | Literal["auto"] | None = None
    pointwise: Literal["conv", "matmul"] = "conv"

    @property
    def text(self) -> str:
        """The name, which `parse` reads back."""
        factor = "" if self.factor is None else f"_{self.factor}"
        chunk = "" if self.chunk is None else "_ch" if self.chunk == "auto" else f"_ch{self.chunk}"
        return f"{self.lowering}{factor}{chunk}{'+matmul' if self.pointwise == 'matmul' else ''}"


@dataclass(frozen=True)
class Decision:
    """The choice for one operator, and why, in words."""

    choice: Choice
    reason: str


Chooser = Callable[[Circular, str], Decision]
"""What decides for an operator and its neighbours: "conv" between 1x1 convolutions, `HELD` between those that
are to stay convolutions, else "none"."""

HELD = "held"


def parse(text: str) -> Choice:
    """Return the choice that `text` names; InputError lists what there is."""
    choice = _read(LOWERED_FFT if text == FFT else text)
    if choice is None:
        raise InputError(f"There is no lowering {text!r}; use one of: {', '.join(VALUES)}.")
    return choice


@lru_cache(4096)  # a table of measurements names the same few thousands of times
def _read(text: str) -> Choice | None:
    for name, lowering in lowerings().items():
        found = re.fullmatch(re.escape(name) + SUFFIX, text)
        if found is None or (found["factor"] and not lowering.takes_factor):
            continue
        return Choice(
            name,
            int(found["factor"]) if found["factor"] else None,
            None if not found["chunked"] else int(found["chunk"]) if found["chunk"] else "auto",
            "matmul" if found["matmul"] else "conv",
        )
    return None


class Values(Collection[str]):
    """Every value that an option naming a lowering takes; what a message lists is its iteration."""

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and (text in (AUTO, FFT) or _read(text) is not None)

    def __iter__(self) -> Iterator[str]:
        found = lowerings()
        yield from (AUTO, SPATIAL, FFT)
        for name, lowering in found.items():
            if name != SPATIAL:
                yield f"{name}_<N1>" if lowering.takes_factor else name

    def __len__(self) -> int:
        return len(list(iter(self)))


VALUES = Values()
