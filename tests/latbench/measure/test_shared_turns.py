import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.shared_turns import LEAST, LEAST_SLOW, LONG_NS, SLOW_NS, Share, rounds, shares

latencies = st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 5 * 10**9), min_size=1)


@given(latencies, st.floats(0.01, 100), st.integers(1, 100))
def test_everybody_gets_samples_and_nobody_more_than_asked_for(told, budget_s, samples):
    found = shares(told, 1e9 * budget_s, samples)
    assert list(found) == list(told)
    for key, share in found.items():
        least = LEAST_SLOW if told[key] >= SLOW_NS else LEAST
        assert min(samples, least) <= share.kept <= samples
        assert share.dropped == (told[key] < LONG_NS)


@given(latencies, st.floats(0.01, 100), st.integers(10, 100))
def test_the_budget_is_overdrawn_only_for_the_least(told, budget_s, samples):
    found = shares(told, 1e9 * budget_s, samples)
    richer = [key for key, share in found.items() if share.kept > LEAST]
    spent = sum(told[key] * (share.kept + share.turns * share.dropped) for key, share in found.items())
    lesser = sum(told[key] * (2 * LEAST) for key in found if key not in richer)
    longest = max((told[key] for key in richer), default=0)
    assert spent <= 1e9 * budget_s + lesser + len(found) * 2 * longest


def test_what_the_fast_leave_goes_to_the_slow():
    alone = shares({"slow": 50_000_000}, 0.5e9, 60)["slow"].kept
    beside = shares({"slow": 50_000_000, "fast": 1000}, 1e9, 60)["slow"].kept
    assert alone < beside
    assert beside == pytest.approx(1e9 / 50_000_000, abs=1)


@pytest.mark.parametrize(
    ("latency", "per_turn", "dropped"),
    [(20_000, 10, 1), (1_000_000, 5, 1), (4_000_000, 2, 1), (29_999_999, 2, 1), (30_000_000, 1, 0)],
)
def test_a_turn_lasts_some_milliseconds_and_long_calls_need_no_warming(latency, per_turn, dropped):
    share = shares({"a": latency}, 100e9, 60)["a"]
    assert (share.kept, share.per_turn, share.dropped) == (60, per_turn, dropped)


@given(latencies, st.integers(0, 9))
def test_rounds_keep_exactly_what_was_given_each_cell_once_in_a_round(told, seed):
    found = shares(told, 2e9, 33)
    turns = list(rounds(found, random.Random(seed)))
    kept = Counter()
    for one in turns:
        assert len({key for key, _ in one}) == len(one)
        kept.update(dict(one))
    assert kept == {key: share.kept for key, share in found.items()}


def test_few_turns_are_spaced_evenly_and_the_order_is_drawn_anew():
    given = {"often": Share(12, 1, 0), "seldom": Share(3, 1, 0), "b": Share(12, 1, 1)}
    turns = list(rounds(given, random.Random(0)))
    places = [at for at, one in enumerate(turns) if "seldom" in dict(one)]
    assert [b - a for a, b in itertools.pairwise(places)] == [4, 4]
    assert len({tuple(key for key, _ in one) for one in turns}) > 2
    assert turns == list(rounds(given, random.Random(0)))
    assert turns != list(rounds(given, random.Random(1)))
