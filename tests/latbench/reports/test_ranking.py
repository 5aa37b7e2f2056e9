from hypothesis import given, settings
from hypothesis import strategies as st

from latbench.records import STATUSES
from latbench.reports.ranking import ranked

LIKE = {"input_shape": "1x3x8x8", "batch": 1, "boundary": "host", "cpu_model": "Nucleus"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from("ab"),
            "status": st.sampled_from((*STATUSES, "pending")),
            "latency_ms": st.none() | st.floats(0.1, 100),
        }
    ).map(lambda row: LIKE | row),
    max_size=8,
)


@settings(deadline=None)
@given(ROWS)
def test_order_and_ranks(rows):
    found = ranked(rows)
    assert sorted(id(one.row) for one in found) == sorted(map(id, rows))
    models = [one.row["model"] for one in found]
    assert models == sorted(models, key=models.index)
    for model in set(models):
        group = [one for one in found if one.row["model"] == model]
        timed = [one for one in group if one.rank is not None]
        assert group[: len(timed)] == timed
        assert [one.rank for one in timed] == list(range(1, len(timed) + 1))
        latencies = [one.row["latency_ms"] for one in timed]
        assert latencies == sorted(latencies)
        assert {one.row["status"] for one in timed} <= {"ok"}
        assert not any(
            one.row["status"] == "ok" and one.row["latency_ms"] is not None for one in group[len(timed) :]
        )


def test_the_fastest_row_has_no_rank_when_it_is_not_ok(row):
    found = ranked([row(latency=5.0), row(latency=1.0, status="parity_failed"), row(latency=2.0)])
    assert [(one.rank, one.row["latency_ms"]) for one in found] == [(1, 2.0), (2, 5.0), (None, 1.0)]


def test_only_like_is_ranked_against_like(row):
    found = ranked(
        [row(), row(batch=8), row(cpu_model="Other"), row(input_shape="1x3x8x8"), row(latency=1.0)]
    )
    assert [one.rank for one in found] == [1, 2, 1, 1, 1]
