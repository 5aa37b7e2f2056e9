from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.schedule import PER_BLOCK, SCHEDULES, abba, blocks

cells = st.lists(st.text(max_size=3), max_size=8)
numbers, seeds = st.integers(0, 40), st.integers(0, 2**32)


@given(cells, numbers, seeds)
def test_every_block_holds_every_cell_once(cells, number, seed):
    made = blocks(cells, number, seed)
    assert Counter(cell for cell, _ in made) == Counter(cells)
    assert {index for _, index in made} <= {number}


@given(cells, numbers, seeds)
def test_the_seed_and_the_number_decide_the_order(cells, number, seed):
    assert blocks(cells, number, seed) == blocks(list(cells), number, seed)


def test_each_cell_comes_first_about_equally_often():
    firsts = Counter(blocks("abcd", number, 1)[0][0] for number in range(4000))
    assert set(firsts) == set("abcd")
    assert all(900 < count < 1100 for count in firsts.values())


@given(st.integers(1, 4), numbers, seeds)
def test_pairs_are_launched_there_and_back(pairs, number, seed):
    made = abba(list(range(2 * pairs)), number, seed)
    for at in range(0, len(made), 4):
        (a, first), (b, second), (c, third), (d, fourth) = made[at : at + 4]
        assert a == d
        assert b == c
        assert a // 2 == b // 2
        assert a != b
        assert (first, second, third, fourth) == (2 * number, 2 * number, 2 * number + 1, 2 * number + 1)
    assert Counter(cell for cell, _ in made) == dict.fromkeys(range(2 * pairs), 2)
    assert made == abba(list(range(2 * pairs)), number, seed)


def test_either_of_a_pair_and_either_pair_comes_first_about_equally_often():
    firsts = Counter(abba("abcd", number, 3)[0][0] for number in range(4000))
    assert set(firsts) == set("abcd")
    assert all(900 < count < 1100 for count in firsts.values())


def test_an_odd_number_of_cells_is_refused():
    with pytest.raises(ValueError, match="3 cells are no pairs"):
        abba("abc", 0, 0)


def test_a_block_holds_as_many_launches_of_a_cell_as_is_said():
    for name, schedule in SCHEDULES.items():
        assert Counter(cell for cell, _ in schedule("ab", 0, 0))["a"] == PER_BLOCK[name]
