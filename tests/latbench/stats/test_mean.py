import numpy as np

from latbench.stats.mean import STATISTIC


def test_launches_weigh_alike_and_outliers_count():
    assert STATISTIC.compute((np.array([1_000_000, 99_000_000]), np.array([10_000_000]))) == 30
