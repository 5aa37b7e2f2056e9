import pytest

from latbench.measure.launch import LaunchResult
from latbench.measure.stop import Again, Fixed, Stop

OK = LaunchResult("ok", samples_ns=(5,))


@pytest.mark.parametrize("done", range(5))
def test_a_fixed_number_of_launches(done):
    rule = Fixed(launches=3, iterations=7)
    assert rule.next([OK] * done) == (Again(7) if done < 3 else Stop("ok"))
    assert rule.total([OK] * done) == max(3, done)
    assert rule.news([OK] * done) is None
    assert rule.exact is True
