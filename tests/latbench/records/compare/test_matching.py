import pytest

from latbench.records.compare.likeness import Likeness
from latbench.records.compare.matching import near, state_of
from latbench.records.compare.side import Measured


@pytest.fixture
def measured(row):
    def build(**changes):
        return Measured(row(**{"latency_ci95_low_ms": 1.0, "latency_ci95_high_ms": 1.1, **changes}))

    return build


@pytest.mark.parametrize(
    ("old", "new", "state", "told"),
    [
        ({}, {"run_id": "s"}, "compared", ""),
        ({}, {"status": "not_converged", "run_id": "s"}, "compared", ""),
        ({}, {"status": "crashed", "reason": "SIGSEGV"}, "not_ok", "crashed in the new file (SIGSEGV)"),
        ({}, {"status": "parity_failed"}, "not_ok", "parity_failed in the new file (no reason given)"),
        ({}, {"status": "skipped"}, "not_ok", "skipped in the new file"),
        ({"status": "failed"}, {}, "new", "failed in the old file"),
        ({"status": "failed"}, {"status": "failed"}, "not_ok", "failed in the new file"),
        ({"status": "skipped"}, {"status": "skipped"}, "skipped", "skipped in both"),
        ({}, {"cpu_model": "C2"}, "not_comparable", "cpu_model (C1 against C2)"),
        ({}, {}, "not_comparable", "both files hold the same measurement, of run r"),
        (
            {},
            {"run_id": "s", "protocol": "paper", "launches": 1, "latency_ci95_low_ms": None},
            "not_comparable",
            "new: 1 launch (protocol paper) has no interval",
        ),
        (None, {}, "new", "only in the new file"),
        ({}, None, "missing", "only in the old file"),
        ({"status": "skipped"}, None, "skipped", "skipped in the old file"),
    ],
)
def test_every_pair_has_a_state_and_a_reason(measured, old, new, state, told):
    one, other = (None if changes is None else measured(**changes) for changes in (old, new))
    found, reason = state_of(one, other, Likeness())
    assert found == state
    assert told in reason
    assert bool(reason) == (state != "compared")


def test_a_lone_cell_is_held_against_the_most_similar_one(measured):
    likeness = Likeness()
    one = measured(threads_requested=4)
    others = [measured(threads_requested=1, target="openvino"), measured(threads_requested=1)]
    before = {likeness.key(one.row): one}
    after = {likeness.key(other.row): other for other in others}
    assert list(near(before, after, likeness).values()) == [others[1]]
    assert near(before, before, likeness) == {}
    stranger = measured(runtime="other")
    assert near(before, {likeness.key(stranger.row): stranger}, likeness) == {}


def test_no_cell_is_held_against_two(measured):
    likeness = Likeness()
    before = {likeness.key(one.row): one for one in (measured(batch=2), measured(batch=4))}
    other = measured(batch=8)
    assert len(near(before, {likeness.key(other.row): other}, likeness)) == 1
