"""P-values of several comparisons made at once."""

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the p-values adjusted so that calling those up to 5 % different is wrong in 5 % of families.

    In the order given; None (no test was made) stays None and counts for nothing. Source: Holm 1979.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[place] = least
    return tuple(adjusted)
