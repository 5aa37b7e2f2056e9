"""Whether a constant survives being rounded to a half type: nothing is clamped or flushed in silence."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Half:
    """A type of 16 bits: its names here and in ONNX, the bits of its significand, its largest number."""

    name: str
    onnx: str
    bits: int
    largest: float

    @property
    def spacing(self) -> float:
        """Return how far a number near 1 is from the next; rounding is off by half of it at most."""
        return 2.0 ** (1 - self.bits)

    def rounded(self, array: np.ndarray) -> np.ndarray:
        """Return `array` rounded to this type, to the nearest, ties to even (IEEE 754)."""
        import ml_dtypes

        with np.errstate(all="ignore"):
            return array.astype(np.float16 if self.name == "fp16" else ml_dtypes.bfloat16)


HALVES = {
    half.name: half
    for half in (
        Half("fp16", "FLOAT16", 11, 65504.0),
        Half("bf16", "BFLOAT16", 8, (2 - 2.0**-7) * 2.0**127),
    )
}


def lost(array: np.ndarray, half: Half, *, each: bool = False) -> str | None:
    """Return what rounding `array` to `half` would lose, None when it is rounding and no more.

    Beyond the largest number of `half`, a value becomes infinite; below its smallest normal one, it loses its
    digits. The latter matters where all of the array is that small (an epsilon, a layer scale), not for
    single small weights beside large ones, whose error is as small beside those. With `each`, as for a
    divisor, every value must keep its digits.
    """
    values = np.asarray(array, np.float64).reshape(-1)
    values = values[np.isfinite(values) & (values != 0)]
    if not values.size:
        return None
    kept = half.rounded(values.astype(np.float32)).astype(np.float64)
    if not np.isfinite(kept).all():
        return f"{values[~np.isfinite(kept)][0]:.3g} is beyond the largest {half.name}, {half.largest:.5g}"
    scale = abs(values) if each else abs(values).max()
    worst = int(np.argmax(abs(kept - values) / scale))
    if abs(kept - values)[worst] > half.spacing * (scale if not each else abs(values)[worst]):
        return f"{values[worst]:.3g} would be {kept[worst]:.3g} in {half.name}"
    return None
