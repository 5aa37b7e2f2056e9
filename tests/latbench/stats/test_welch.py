import math

import numpy as np
import pytest
from scipy import stats as reference

from latbench.stats.interval import Interval, launch_interval
from latbench.stats.welch import welch_effect, welch_effect_of_rows, welch_ratio


def launches(seed, level, spread, count):
    logs = np.random.default_rng(seed).normal(math.log(level), spread, size=count)
    return tuple(np.array([round(one)]) for one in np.exp(logs))


OLD, NEW = launches(0, 5e6, 0.03, 10), launches(1, 4e6, 0.01, 6)


def test_is_welchs_t_on_logarithms():
    logs = [np.log([float(one[0]) for one in side]) for side in (OLD, NEW)]
    tested = reference.ttest_ind(*logs, equal_var=False)
    effect = welch_effect(OLD, NEW)
    assert effect.log_ratio / effect.standard_error == pytest.approx(tested.statistic)
    assert effect.freedom == math.floor(tested.df)
    assert effect.units == 6
    assert effect.p_value == pytest.approx(tested.pvalue, rel=0.2)
    assert effect.p_value >= tested.pvalue


def test_swapping_gives_the_reciprocal():
    one, other = welch_ratio(OLD, NEW), welch_ratio(NEW, OLD)
    assert (1 / other.estimate, 1 / other.high, 1 / other.low) == pytest.approx(
        (one.estimate, one.low, one.high)
    )


def test_rows_say_what_their_launches_say():
    told = welch_effect_of_rows(launch_interval(OLD), launch_interval(NEW), (len(OLD), len(NEW)))
    seen = welch_effect(OLD, NEW)
    assert told.log_ratio == pytest.approx(seen.log_ratio, abs=1e-3)
    assert told.standard_error == pytest.approx(seen.standard_error, rel=0.02)
    assert abs(told.freedom - seen.freedom) <= 1


def test_a_row_without_an_interval_gives_an_estimate_alone():
    for one in (Interval(6.0, None, None), Interval(6.0, 6.0, 6.0)):
        effect = welch_effect_of_rows(one, Interval(3.0, 2.0, 4.0), (1, 5))
        assert effect.interval() == Interval(pytest.approx(2), None, None)
    assert welch_effect(OLD[:1], NEW).p_value is None


def test_no_spread_at_all_is_certain():
    one, other = (np.array([4]),) * 3, (np.array([2]),) * 3
    assert welch_effect(one, other).p_value == 0
    assert welch_effect(one, one).p_value == 1


def test_what_has_no_ratio_is_refused():
    with pytest.raises(ValueError, match="0 ns"):
        welch_ratio(OLD, (np.array([0]),))
    with pytest.raises(ValueError, match="either side"):
        welch_ratio(OLD, ())
    with pytest.raises(ValueError, match="a latency of 0"):
        welch_effect_of_rows(Interval(0.0, 0.0, 0.0), Interval(1.0, 1.0, 1.0), (2, 2))


def test_the_interval_covers_when_only_one_side_is_noisy():
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(1000):
        one, other = (np.exp(generator.normal(16, sd, size=n)) for sd, n in ((0.03, 10), (0.005, 6)))
        found = welch_ratio(*(tuple(np.array([round(x)]) for x in side) for side in (one, other)))
        covered += found.low <= 1 <= found.high
    assert 930 <= covered <= 970
