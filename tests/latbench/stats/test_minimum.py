import numpy as np

from latbench.stats.minimum import STATISTIC


def test_is_the_fastest_sample_of_all_launches():
    assert STATISTIC.compute((np.array([5_000_000, 3_000_000]), np.array([2_500_000]))) == 2.5
