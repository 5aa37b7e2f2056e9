import pytest


@pytest.mark.parametrize(
    ("steal", "status", "value"),
    [(0, "ok", "0 % of the CPU time since boot"), (5, "ok", "0.5 % "), (250, "warning", "25 % ")],
)
def test_stolen_time(asked, steal, status, value):
    found = asked("steal", {"proc/stat": f"cpu  100 0 0 {900 - steal} 0 0 0 {steal} 0 0\n"})
    assert found.status == status
    assert found.value.startswith(value)


@pytest.mark.parametrize(
    ("load", "status"),
    [("0.00", "ok"), ("0.99", "ok"), ("1.00", "warning"), ("4.00", "warning"), ("4.01", "problem")],
)
def test_load_is_weighed_against_the_cpus(asked, load, status):
    files = {"proc/loadavg": f"{load} 0.00 0.00 1/9 9\n", "sys/devices/system/cpu/online": "0-3"}
    found = asked("load", files)
    assert (found.status, found.value) == (status, f"{load} over the last minute on 4 CPUs")


@pytest.mark.parametrize(("average", "status"), [("0.00", "ok"), ("4.99", "ok"), ("5.00", "warning")])
def test_pressure(asked, average, status):
    text = f"some avg10={average} avg60=50.00 avg300=0.00 total=1\nfull avg10=99.00 avg60=0.00\n"
    found = asked("pressure", {"proc/pressure/cpu": text})
    assert found.status == status
    assert average in found.value


@pytest.mark.parametrize("key", ["steal", "load", "pressure"])
def test_untold(asked, key):
    assert asked(key).status == "unknown"
