import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from latbench.stats.student import t_quantile, t_tail

DEGREES = (1, 2, 3, 4, 9, 10, 39, 199, 200, 201, 399, 4000, 100_000)


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("probability", [0.005, 0.1, 0.5, 0.9, 0.975, 0.995, 0.99999])
def test_quantile_is_scipys(probability, df):
    assert t_quantile(probability, df) == pytest.approx(reference.t.ppf(probability, df), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("df", DEGREES)
@pytest.mark.parametrize("t", [0.0, 0.3, -2.0, 4.5, 40.0])
def test_tail_is_scipys(t, df):
    assert t_tail(t, df) == pytest.approx(2 * reference.t.sf(abs(t), df), rel=1e-8, abs=1e-12)


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.integers(1, 500))
def test_tail_undoes_quantile(probability, df):
    two_sided = 2 * min(probability, 1 - probability)
    assert t_tail(t_quantile(probability, df), df) == pytest.approx(two_sided, rel=1e-6)


@pytest.mark.parametrize(("probability", "df"), [(0.0, 5), (1.0, 5), (0.9, 0)])
def test_what_has_no_quantile_is_refused(probability, df):
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, df)


def test_no_degrees_no_tail():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        t_tail(1.0, 0)
