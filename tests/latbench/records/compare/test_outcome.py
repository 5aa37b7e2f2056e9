import pytest

from latbench.errors import Exit
from latbench.records.compare.outcome import LIVE, STATES, STORED, Comparison, Pair


def comparison(*ends, form=STORED):
    pairs = tuple(
        Pair(
            name=end,
            baseline=None,
            candidate=None,
            state="compared" if end.isupper() else end,
            reason="why",
            verdict=end if end.isupper() else None,
        )
        for end in ends
    )
    return Comparison(form=form, baseline="a", candidate="b", margin=0.02, pairs=pairs)


@pytest.mark.parametrize(
    ("ends", "verdict", "code"),
    [
        (("SAME",), "SAME", Exit.OK),
        (("SAME", "FASTER"), "FASTER", Exit.OK),
        (("SAME", "FASTER", "new", "skipped"), "FASTER", Exit.OK),
        (("FASTER", "UNDECIDED"), "UNDECIDED", Exit.UNDECIDED),
        (("UNDECIDED", "UNTRUSTED"), "UNTRUSTED", Exit.UNDECIDED),
        (("SAME", "SLOWER", "UNTRUSTED"), "SLOWER", Exit.SLOWER),
        (("SAME", "missing"), "INCOMPLETE", Exit.UNDECIDED),
        (("SAME", "not_ok"), "INCOMPLETE", Exit.UNDECIDED),
        (("SAME", "not_comparable"), "INCOMPLETE", Exit.UNDECIDED),
        (("SLOWER", "missing"), "SLOWER", Exit.SLOWER),
        (("skipped",), "INCOMPLETE", Exit.UNDECIDED),
        ((), "INCOMPLETE", Exit.UNDECIDED),
    ],
)
def test_the_worst_pair_gives_the_verdict_and_the_code(ends, verdict, code):
    found = comparison(*ends)
    assert (found.verdict, found.exit_code) == (verdict, code)


def test_live_a_pair_that_was_not_measured_comes_before_everything():
    found = comparison("SLOWER", "not_ok", form=LIVE)
    assert (found.verdict, found.exit_code) == ("NOT MEASURED", Exit.ROWS_NOT_OK)


def test_nothing_but_compared_pairs_new_cells_and_skips_passes():
    passing = {state for state in STATES if comparison("SAME", state).exit_code == Exit.OK}
    assert passing == {"compared", "new", "skipped"}


def test_the_unit_of_an_interval():
    assert (comparison(form=LIVE).unit, comparison().unit) == ("block", "launch")
