import pytest

SUPPLY = "sys/class/power_supply"


def battery(status):
    return {f"{SUPPLY}/BAT0/type": "Battery\n", f"{SUPPLY}/BAT0/status": f"{status}\n"}


def mains(online):
    return {f"{SUPPLY}/AC/type": "Mains\n", f"{SUPPLY}/AC/online": f"{online}\n"}


MOUSE = {
    f"{SUPPLY}/mouse/type": "Battery",
    f"{SUPPLY}/mouse/status": "Discharging",
    f"{SUPPLY}/mouse/scope": "Device",
}


@pytest.mark.parametrize(
    ("files", "status", "value"),
    [
        ({}, "ok", "no battery"),
        (MOUSE, "ok", "no battery"),
        (mains(1), "ok", "no battery"),
        (battery("Full") | mains(1), "ok", "mains; battery: Full"),
        (battery("Charging"), "ok", "mains; battery: Charging"),
        (battery("Discharging") | mains(0), "warning", "battery: Discharging"),
        (battery("Discharging"), "warning", "battery: Discharging"),
        (battery("Unknown") | mains(0), "warning", "battery: Unknown"),
    ],
)
def test_laptops(asked, files, status, value):
    found = asked("power", files)
    assert (found.status, found.value) == (status, value)


@pytest.mark.parametrize(
    ("degrees", "times", "status", "value"),
    [
        (45, None, "ok", "hottest zone 45 °C"),
        (95, None, "warning", "hottest zone 95 °C"),
        (45, 0, "ok", "hottest zone 45 °C, slowed 0 times since boot"),
        (45, 12, "note", "hottest zone 45 °C, slowed 12 times since boot"),
        (None, 12, "warning", "slowed 12 times since boot"),
        (None, 0, "ok", "slowed 0 times since boot"),
    ],
)
def test_heat(asked, degrees, times, status, value):
    files = {"sys/devices/system/cpu/online": "0"}
    if degrees is not None:
        files["sys/class/thermal/thermal_zone0/temp"] = "20000"
        files["sys/class/thermal/thermal_zone1/temp"] = str(degrees * 1000)
    if times is not None:
        files["sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count"] = str(times)
    found = asked("thermal", files)
    assert (found.status, found.value) == (status, value)


def test_heat_untold(asked):
    assert asked("thermal").status == "unknown"
