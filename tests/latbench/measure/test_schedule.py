from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from latbench.measure.schedule import blocks

cells = st.lists(st.text(max_size=3), max_size=8)
launches, seeds = st.integers(0, 12), st.integers(0, 2**32)


@given(cells, launches, seeds)
def test_every_block_holds_every_cell_once(cells, launches, seed):
    made = blocks(cells, launches, seed)
    assert len(made) == launches
    assert all(Counter(block) == Counter(cells) for block in made)


@given(cells, launches, seeds)
def test_the_seed_decides_the_order(cells, launches, seed):
    assert blocks(cells, launches, seed) == blocks(list(cells), launches, seed)


@given(cells, launches, launches, seeds)
def test_more_launches_leave_the_first_blocks_alone(cells, launches, more, seed):
    assert blocks(cells, launches + more, seed)[:launches] == blocks(cells, launches, seed)


def test_each_cell_comes_first_about_equally_often():
    firsts = Counter(block[0] for block in blocks("abcd", 4000, 1))
    assert set(firsts) == set("abcd")
    assert all(900 < count < 1100 for count in firsts.values())
