"""What every lowering promises: the same numbers, or a reason why not."""

import pytest

from exporters.lowerings import lowerings
from exporters.lowerings.base import FAMILIES

EXACT, LITERAL = 1e-6, 1e-4
LENGTHS = (7, 13, 14, 28, 56, 60, 112)
ALL = pytest.mark.parametrize("name", sorted(lowerings()))


def forms(entry, op):
    """Return the factors to try: those worth it, the ends of all that are accepted, and None."""
    if not entry.takes_factor:
        return [None] if entry.refusal(op, None) is None else []
    accepted = [d for d in range(1, op.length + 1) if op.length % d == 0 and entry.refusal(op, d) is None]
    return sorted({*entry.factors(op), *accepted[:1], *accepted[-1:]})


def check(entry, op, built, error_of):
    """Return in how many forms `op` was built, each within the limit; none only for a reason in words."""
    found = forms(entry, op)
    for factor in found:
        assert error_of(built(op, entry, factor), op) <= (EXACT if entry.exact else LITERAL), factor
    if not found:
        refusal = entry.refusal(op, 2 if entry.takes_factor else None)
        assert refusal
        assert not refusal.endswith(".")
    return len(found)


@ALL
def test_a_lowering_says_what_it_is(name):
    entry = lowerings()[name]
    assert entry.family in FAMILIES
    assert len(entry.mathematics) > 20
    assert entry.name == name


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("length", LENGTHS)
@ALL
def test_it_is_the_correlation(circular, built, error_of, *, name, length, axis):
    shape = (1, 3, length, 3) if axis == "h" else (1, 3, 3, length)
    count = check(lowerings()[name], circular(axis, shape), built, error_of)
    assert count or length in (7, 13)


@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("length", [7, 14, 28, 56])
@ALL
def test_it_is_the_dense_correlation_or_says_why_not(circular, built, error_of, *, name, length, axis):
    shape = (2, 5, length, 3) if axis == "h" else (2, 5, 3, length)
    check(lowerings()[name], circular(axis, shape, outputs=4), built, error_of)


@ALL
def test_a_factor_that_does_not_divide_is_refused(circular, name):
    entry = lowerings()[name]
    if entry.takes_factor:
        op = circular("h", (1, 3, 56, 3))
        for factor in (3, 9, 57, 112):
            assert entry.refusal(op, factor)
        assert all(56 % factor == 0 for factor in entry.factors(op))
    else:
        assert entry.factors(circular("h", (1, 3, 56, 3))) == ()


@pytest.mark.slow
@pytest.mark.parametrize("axis", ["h", "w"])
@pytest.mark.parametrize("length", [224, 448])
@ALL
def test_it_is_the_correlation_of_long_axes(circular, built, error_of, *, name, length, axis):
    shape = (1, 2, length, 5) if axis == "h" else (1, 2, 5, length)
    assert check(lowerings()[name], circular(axis, shape), built, error_of)
