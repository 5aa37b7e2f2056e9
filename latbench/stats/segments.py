"""The stretches of one launch between which its latency steps."""

import bisect
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from latbench.stats.student import t_quantile

SHORTEST = 10
"""Samples of the shortest stretch: fewer are a spike."""

_LAGS = (1, 2, 4, 8)
"""Lags at which noise is read; at the last, neighbours are taken to be independent."""

_HIGHEST_CORRELATION = 0.9
_REACH = 4.0
"""Standard deviations from the running median beyond which a sample counts no more."""

_RARE = 0.15
_SHRINK = math.sqrt(0.5)
"""Length of the intervals of a layer over that of the layer above."""

_WINDOW = 11
_PASSES = 3
_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Segment:
    """Samples `start` to `stop`, the latter not included, and their `median`, in the unit of the samples."""

    start: int
    stop: int
    median: float

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.stop - self.start


def segments(samples: _Ints, alpha: float = 0.01) -> tuple[Segment, ...]:
    """Return the stretches of one launch in order; one stretch where no step is clear.

    Steps of the mean log latency are sought in intervals of all lengths and places, the narrowest that shows
    one giving it; then each step is moved to where the squared error between its neighbours is least, and one
    that is no longer clear is taken back. Samples far from the running median of their neighbourhood count as
    its fence, so up to five slow samples in a row are no step; a stretch has at least ten. A step is clear
    when Student's t over the noise within stretches (differences of neighbours, enlarged for their
    correlation) has a p-value below `alpha` divided by the number of splits tried. Nothing is random. Slow
    wandering comes out as many small steps: what is a level is for `levels` to say.
    Source: Kovács et al. 2023, seeded binary segmentation; Baranowski et al. 2019, narrowest over threshold.
    """
    count = len(samples)
    cuts: list[int] = []
    if count >= 2 * SHORTEST:
        logs = _despiked(np.log(np.maximum(samples, 1).astype(np.float64)))
        sums = np.append(0.0, np.cumsum(logs - logs.mean()))
        within = [_split(sums, 0, count)]
        for _ in range(_PASSES):
            found = _search(sums, _noise(logs, within), alpha)
            if found == cuts:
                break
            cuts = within = found
    edges = [0, *cuts, count]
    return tuple(
        Segment(start, stop, float(np.median(samples[start:stop]))) for start, stop in pairwise(edges)
    )


def _despiked(logs: _Floats) -> _Floats:
    """Return `logs` brought within reach of the running median (Hampel's filter, with clipping).

    Samples beyond reach that are not rare are no spikes but how this stream is, and stay.
    """
    half = _WINDOW // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(logs, half, mode="reflect"), _WINDOW)
    centre = np.median(windows, axis=1)
    apart = np.abs(logs - centre)
    reach = _REACH * (1.4826 * float(np.median(apart)) or float(np.mean(apart)))
    if np.mean(apart > reach) > _RARE:
        return logs
    return np.clip(logs, centre - reach, centre + reach)


def _noise(logs: _Floats, cuts: list[int]) -> float:
    """Return the standard deviation that a mean of n values within a stretch divides by sqrt(n)."""
    stretch = np.zeros(len(logs), dtype=np.int64)
    stretch[cuts] = 1
    stretch = np.cumsum(stretch)
    variances = []
    for lag in _LAGS:
        within = stretch[lag:] == stretch[:-lag]
        variances.append(float(np.mean((logs[lag:] - logs[:-lag])[within] ** 2)) / 2)
    variance = max(variances)
    if variance <= 0:
        return 0.0
    correlation = min(1 - variances[0] / variance, _HIGHEST_CORRELATION)
    return math.sqrt(variance * (1 + correlation) / (1 - correlation))


def _search(sums: _Floats, noise: float, alpha: float) -> list[int]:
    count = len(sums) - 1
    found = [_layer(sums, length) for length in _lengths(count)]
    tried = sum(len(starts) for starts, *_ in found) * SHORTEST + count
    # 1e-9 is far below any clock: a step must be larger than what rounding makes of equal samples.
    clear = max(noise, 1e-9) * t_quantile(1 - alpha / (2 * tried), max(1, count // 2))
    starts, stops, places, sizes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    keep = sizes > clear
    starts, stops, places, sizes = starts[keep], stops[keep], places[keep], sizes[keep]
    cuts = _narrowest(sums, starts, stops, places, sizes)
    for _ in range(2):
        cuts = _moved(sums, _kept(sums, cuts, clear))
    return _kept(sums, cuts, clear).tolist()


def _lengths(count: int) -> list[int]:
    """Return the lengths of the layers' intervals, the whole stream first."""
    lengths, length = [count], count * _SHRINK
    while length > 2 * SHORTEST:
        lengths.append(math.ceil(length))
        length *= _SHRINK
    return lengths


def _layer(sums: _Floats, length: int) -> tuple[_Ints, _Ints, _Ints, _Floats]:
    """Return start, stop, best split and size of its step for intervals of `length` that overlap by half.

    The size is the difference of the means times sqrt(n1 n2 / (n1 + n2)), to be compared with the noise.
    """
    last = len(sums) - 1 - length
    starts = np.unique(np.append(np.arange(0, last + 1, max(1, length // 2)), last))
    splits = np.arange(SHORTEST, length - SHORTEST + 1) if length >= 2 * SHORTEST else np.array([length // 2])
    left = sums[starts[:, None] + splits] - sums[starts, None]
    whole = (sums[starts + length] - sums[starts])[:, None]
    sizes = np.abs(left * length - whole * splits) / np.sqrt(length * splits * (length - splits))
    best = np.argmax(sizes, axis=1)
    return starts, starts + length, starts + splits[best], sizes[np.arange(len(starts)), best]


def _narrowest(sums: _Floats, starts: _Ints, stops: _Ints, places: _Ints, sizes: _Floats) -> _Ints:
    """Return the splits of the narrowest intervals, none of which holds the split of a narrower one.

    A split may lie no nearer than SHORTEST to its interval's ends, the step itself may: so it is sought again
    with as much more on both sides.
    """
    order = np.lexsort((starts, -sizes, stops - starts))
    starts, stops, places = starts[order], stops[order], places[order]
    taken: list[int] = [0, len(sums) - 1]
    while len(places):
        start, stop = int(starts[0]), int(stops[0])
        after = bisect.bisect_right(taken, int(places[0]))
        length = stop - start
        place = _split(sums, max(taken[after - 1], start - length), min(taken[after], stop + length))
        taken.insert(after, place)
        keep = (starts >= place) | (place >= stops)
        keep[0] = False
        keep &= (np.abs(places - place) >= SHORTEST) & (np.abs(places - int(places[0])) >= SHORTEST)
        starts, stops, places = starts[keep], stops[keep], places[keep]
    return np.array(taken[1:-1], dtype=np.int64)


def _kept(sums: _Floats, cuts: _Ints, clear: float) -> _Ints:
    """Return the cuts at which the stretches on both sides differ clearly, the weakest dropped first."""
    while len(cuts):
        edges = np.concatenate([[0], cuts, [len(sums) - 1]])
        lengths = np.diff(edges)
        means = np.diff(sums[edges]) / lengths
        sizes = np.abs(np.diff(means)) / np.sqrt(1 / lengths[:-1] + 1 / lengths[1:])
        weakest = int(np.argmin(sizes))
        if sizes[weakest] > clear:
            break
        cuts = np.delete(cuts, weakest)
    return cuts


def _moved(sums: _Floats, cuts: _Ints) -> _Ints:
    edges = [0, *cuts.tolist(), len(sums) - 1]
    for index in range(1, len(edges) - 1):
        edges[index] = _split(sums, edges[index - 1], edges[index + 1])
    return np.array(edges[1:-1], dtype=np.int64)


def _split(sums: _Floats, start: int, stop: int) -> int:
    """Return where the samples from `start` to `stop` part into two means with the least squared error."""
    splits = np.arange(start + SHORTEST, stop - SHORTEST + 1)
    length, taken = stop - start, splits - start
    left, whole = sums[splits] - sums[start], sums[stop] - sums[start]
    gains = (left * length - whole * taken) ** 2 / (taken * (length - taken))
    return int(splits[np.argmax(gains)])
