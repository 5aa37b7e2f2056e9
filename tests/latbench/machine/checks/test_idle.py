import pytest

FOLDER = "sys/devices/system/cpu/cpuidle"
POLL = "sys/module/haltpoll/parameters/guest_halt_poll_ns"
GUEST = {"proc/cpuinfo": "flags : sse2 hypervisor\n"}
METAL = {"proc/cpuinfo": "flags : sse2\n", "sys/devices/system/cpu/online": "0\n"}
HALTPOLL = {f"{FOLDER}/current_driver": "haltpoll\n", f"{FOLDER}/current_governor_ro": "haltpoll\n"}


def states(**latencies):
    folder = "sys/devices/system/cpu/cpu0/cpuidle"
    found = {}
    for index, (name, latency) in enumerate(latencies.items()):
        found[f"{folder}/state{index}/name"] = name
        found[f"{folder}/state{index}/latency"] = str(latency)
        found[f"{folder}/state{index}/disable"] = "0"
    return found


@pytest.mark.parametrize(
    ("files", "status", "value"),
    [
        ({"proc/cmdline": "quiet idle=poll ro"}, "ok", "idle=poll"),
        ({**HALTPOLL, POLL: "200000"}, "ok", "haltpoll: idle CPUs poll for up to 200 us before they halt"),
        ({**HALTPOLL, POLL: "0"}, "warning", "haltpoll: idle CPUs halt at once"),
        (HALTPOLL, "note", "haltpoll: idle CPUs halt at once"),
        (
            {f"{FOLDER}/current_driver": "none", f"{FOLDER}/current_governor": "menu"},
            "note",
            "none, menu: idle",
        ),
        ({}, "note", "no driver told: idle CPUs halt at once"),
    ],
)
def test_a_guest(asked, files, status, value):
    found = asked("idle", {**GUEST, **files})
    assert found.status == status
    assert found.value.startswith(value)
    assert status == "ok" or "spinning=on" in found.mend


def test_a_guest_is_told_the_line_that_lets_it_poll(asked):
    found = asked("idle", {**GUEST, **HALTPOLL, POLL: "0"})
    assert f"sudo tee /{POLL}" in found.mend
    assert "modprobe" in asked("idle", GUEST).mend


@pytest.mark.parametrize(
    ("files", "status", "value"),
    [
        (states(POLL=0, C1=2), "ok", "C1, 2 us to wake"),
        (
            {**states(POLL=0, C1=2, C6=170), f"{FOLDER}/current_driver": "intel_idle"},
            "note",
            "intel_idle: deepest state C6, 170 us to wake",
        ),
        (
            {**states(C1=2, C6=170), "sys/devices/system/cpu/cpu0/cpuidle/state1/disable": "1"},
            "ok",
            "C1, 2 us to wake",
        ),
        ({}, "unknown", "not told by this machine"),
    ],
)
def test_bare_metal(asked, files, status, value):
    found = asked("idle", {**METAL, **files})
    assert (found.status, found.value) == (status, value)
