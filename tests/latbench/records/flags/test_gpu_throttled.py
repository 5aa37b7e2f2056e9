import pytest


def seen(throttle, spent):
    return {"witnesses": {"gpu_throttle": throttle, "gpu_throttled_ms": spent}}


@pytest.mark.parametrize(
    ("launches", "figure"),
    [
        ([seen("none", 0.0), seen("none", 0.0)], None),
        ([seen(None, None)], None),
        ([{}], None),
        ([seen("none", 12.25), seen("none", 1.0)], "13.2ms"),
        ([seen("sw_power_cap", None), seen("sw_thermal+sw_power_cap", None)], "sw_power_cap+sw_thermal"),
        ([seen("sw_power_cap", 3.0), seen("none", 0.0)], "3ms,sw_power_cap"),
    ],
)
def test_time_and_reasons(fires, launches, figure):
    assert fires("gpu_throttled", *launches) == figure
