"""Monotone fits: pool adjacent violators, and where a rising curve passes 0."""

import numpy as np
from numpy.typing import NDArray


def isotonic(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the non-decreasing curves nearest to `values` (weighted least squares), both (curves, places).

    `weights` is (places,), positive. By the max-min formula: the fit at i is the largest, over starts up to
    i, of the smallest, over ends from i on, of the weighted means between. Source: Barlow et al. 1972, 1.4.
    """
    places = values.shape[1]
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values * weights, axis=1)], axis=1)
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    fit = np.full(values.shape, -np.inf)
    for start in range(places):
        means = (sums[:, start + 1 :] - sums[:, start : start + 1]) / (mass[start + 1 :] - mass[start])
        smallest = np.minimum.accumulate(means[:, ::-1], axis=1)[:, ::-1]
        fit[:, start:] = np.maximum(fit[:, start:], smallest)
    return fit


def passing(places: NDArray[np.float64], curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where each non-decreasing curve, (curves, places), passes 0 on straight lines between places.

    -inf for one above 0 everywhere, inf for one below everywhere; the middle of the stretch at which it is 0.
    """
    count = len(places)
    below, up_to = (curves < 0).sum(axis=1), (curves <= 0).sum(axis=1)
    first, last = np.clip(below, 1, count - 1) - 1, np.clip(up_to, 1, count - 1)
    middle = (places[np.minimum(below, count - 1)] + places[np.maximum(up_to, 1) - 1]) / 2
    rows = np.arange(len(curves))
    start, end = curves[rows, first], curves[rows, last]
    with np.errstate(divide="ignore", invalid="ignore"):
        straight = places[first] + (places[last] - places[first]) * (-start / (end - start))
    found = np.where(up_to > below, middle, straight)
    return np.where(up_to == 0, -np.inf, np.where(below == count, np.inf, found))
