import pytest

from latbench.measure import oom


@pytest.fixture
def counters(monkeypatch, tmp_path):
    paths = [tmp_path / name for name in ("vmstat", "memory.events", "memory.oom_control")]
    monkeypatch.setattr(oom, "_SOURCES", tuple(map(str, paths)))
    return paths


def test_counters_are_added(counters):
    counters[0].write_text("pgfault 12\noom_kill 3\n")
    counters[1].write_text("low 0\noom 9\noom_kill 2\noom_group_kill 0\n")
    assert oom.kills() == 5


def test_cgroup_v1_is_read(counters):
    counters[2].write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n")
    assert oom.kills() == 4


def test_no_counter_is_unknown(counters):
    counters[0].write_text("pgfault 12\n")
    assert oom.kills() is None
