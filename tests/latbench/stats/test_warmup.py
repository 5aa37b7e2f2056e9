import numpy as np
import pytest

from latbench.stats.warmup import warmup_settled

NOTHING = np.array([], dtype=np.int64)


def decaying(constant, count=50, seed=0):
    noise = 0.01 * np.random.default_rng(seed).normal(size=count)
    return (5e6 * (1 + np.exp(-np.arange(count) / constant)) * np.exp(noise)).astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_a_fast_decay_is_over_and_a_slow_one_is_not(seed):
    fast, slow = decaying(2, seed=seed), decaying(20, seed=seed)
    assert warmup_settled(fast[:25], fast[25:])
    assert not warmup_settled(slow[:25], slow[25:])


def test_a_step_counts_where_it_falls():
    stream = np.array([10_000_000] * 20 + [5_000_000] * 20)
    assert warmup_settled(stream[:25], stream[25:])
    assert warmup_settled(stream[:20], stream[20:])
    assert not warmup_settled(stream[:15], stream[15:])


def test_a_second_step_is_looked_for():
    stream = np.array([90_000_000] * 15 + [6_000_000] * 15 + [5_000_000] * 20)
    assert not warmup_settled(stream[:20], stream[20:])
    assert warmup_settled(stream[:35], stream[35:])


def test_a_small_step_is_borne():
    stream = np.array([5_020_000] * 25 + [5_000_000] * 25)
    assert warmup_settled(stream[:10], stream[10:])
    assert not warmup_settled(stream[:10], stream[10:], least=0.001)


def test_too_little_to_tell_is_settled():
    assert warmup_settled(NOTHING, NOTHING)
    assert warmup_settled(np.array([90]), np.array([10, 10]))
    assert warmup_settled(np.array([]), np.full(50, 5))
