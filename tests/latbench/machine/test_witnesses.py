import json
from dataclasses import replace

import pytest

from latbench.machine.cgroups import Throttling
from latbench.machine.witnesses import Snapshot, difference, snapshot, stolen_since_boot, thermal_throttles

STAT = "cpu  700 0 100 1000 0 0 0 200 5 5\ncpu0 350 0 50 500 0 0 0 60 5 5\ncpu1 350 0 50 500 0 0 0 140 0 0\n"
BEFORE = Snapshot(
    time_ns=10**9,
    cpu_ns=5 * 10**8,
    voluntary_switches=10,
    involuntary_switches=20,
    minor_faults=30,
    major_faults=1,
    migrations={"1": 5, "2": 7},
    steal=100,
    jiffies=10000,
    throttling=Throttling(3, 1000),
    thermal_throttles=4,
    frequency_mhz=3000.0,
    load=0.5,
)
NOTHING = dict.fromkeys(
    ("migrations", "steal", "jiffies", "throttling", "thermal_throttles", "frequency_mhz", "load")
)


def test_the_difference_of_two_snapshots():
    after = replace(
        BEFORE,
        time_ns=3 * 10**9,
        cpu_ns=45 * 10**8,
        voluntary_switches=11,
        involuntary_switches=25,
        minor_faults=37,
        major_faults=1,
        migrations={"1": 6, "3": 2},
        steal=104,
        jiffies=10400,
        throttling=Throttling(5, 4500),
        thermal_throttles=6,
        frequency_mhz=2500.0,
        load=1.5,
    )
    assert difference(BEFORE, after) == {
        "elapsed_ms": 2000.0,
        "cpu_ms": 4000.0,
        "voluntary_switches": 1,
        "involuntary_switches": 5,
        "minor_faults": 7,
        "major_faults": 0,
        "migrations": 3,
        "steal_jiffies": 4,
        "steal_percent": 1.0,
        "throttled_periods": 2,
        "throttled_ms": 3.5,
        "thermal_throttles": 2,
        "frequency_before_mhz": 3000.0,
        "frequency_after_mhz": 2500.0,
        "load_before": 0.5,
        "load_after": 1.5,
    }


@pytest.mark.parametrize("silent", ["before", "after", "both"])
def test_what_either_moment_does_not_tell_stays_unknown(silent):
    mute = replace(BEFORE, **NOTHING)
    before, after = (mute if silent in (name, "both") else BEFORE for name in ("before", "after"))
    found = difference(before, after)
    names = (
        "migrations",
        "steal_jiffies",
        "steal_percent",
        "throttled_periods",
        "throttled_ms",
        "thermal_throttles",
    )
    assert [found[name] for name in names] == [None] * 6
    assert found["involuntary_switches"] == 0
    assert (found["load_before"] is None) == (before is mute)


def test_no_time_passed_gives_no_share():
    found = difference(BEFORE, BEFORE)
    assert (found["steal_jiffies"], found["steal_percent"], found["elapsed_ms"]) == (0, None, 0.0)


def test_a_snapshot_reads_the_cpus_allowed(machine, layout, cgroup):
    files = {
        "proc/stat": STAT,
        "proc/loadavg": "0.50 0.40 0.30 1/100 200\n",
        "proc/self/status": "Cpus_allowed_list:\t1\n",
        "proc/self/task/7/sched": "python (7, #threads: 2)\n---\nse.nr_migrations   :   12\n",
        "proc/self/task/8/sched": "se.nr_migrations : 3\n",
        "proc/self/task/9/sched": "nr_switches : 3\n",
        "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count": "2\n",
        "sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count": "5\n",
        "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "90\n",
        "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "2600000\n",
    }
    group = cgroup(2, {"": {"cpu.stat": "nr_throttled 2\nthrottled_usec 30\n"}})
    found = snapshot(machine(layout(2), files, group).root)
    assert found.migrations == {"7": 12, "8": 3}
    assert (found.steal, found.jiffies) == (140, 1040)
    assert found.throttling == Throttling(2, 30)
    assert (found.thermal_throttles, found.frequency_mhz, found.load) == (7, 2600.0, 0.5)


def test_a_machine_that_tells_nothing(machine):
    found = snapshot(machine().root)
    assert {name: getattr(found, name) for name in NOTHING} == NOTHING
    assert found.minor_faults > 0


def test_this_machine():
    before, after = snapshot(), snapshot()
    found = difference(before, after)
    assert found["elapsed_ms"] >= 0
    assert found["involuntary_switches"] >= 0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        (STAT, 10.0),
        ("cpu 1 2 3\n", None),
        ("cpu 0 0 0 0 0 0 0 0 0 0\n", None),
        ("cpu a b c d e f g h\n", None),
        ("", None),
    ],
)
def test_stolen_time_since_boot(machine, text, percent):
    assert stolen_since_boot(machine({"proc/stat": text})) == percent


def test_thermal_throttles_are_none_where_untold(machine):
    assert thermal_throttles(machine(), (0, 1)) is None
