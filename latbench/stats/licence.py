"""The percentile licence: how many samples a percentile needs before it may be printed."""

from functools import lru_cache


@lru_cache(maxsize=256)
def samples_needed(p: float, confidence: float = 0.99) -> int:
    """Return the fewest independent samples that license the `p` quantile (0 < p < 1).

    The rule is that of MLPerf LoadGen's early stopping for a single stream, with tolerance 0 and one sample
    allowed above the estimate: enough samples that, with this confidence, two or more lie above the true
    quantile, P(Binomial(n, 1 - p) <= 1) <= 1 - confidence. The second largest sample then bounds the quantile
    from above. At 0.99: p90 64, p95 130, p99 662, p99.9 6636.
    Source: MLPerf inference rules, appendix on early stopping; mlcommons/inference `early_stopping.cc`.
    """
    if not 0 < p < 1 or not 0 < confidence < 1:
        raise ValueError(f"no licence for the {p} quantile at {confidence} confidence")
    low, high = 1, 2
    while _at_most_one_above(high, p) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at_most_one_above(middle, p) > 1 - confidence else (low, middle)
    return high


def licensed(p: float, samples: float, confidence: float = 0.99) -> bool:
    """Return whether `samples` independent samples are enough for the `p` quantile.

    For samples that depend on one another give their effective number.
    """
    return samples >= samples_needed(p, confidence)


def _at_most_one_above(count: int, p: float) -> float:
    return float(p**count + count * (1 - p) * p ** (count - 1))
