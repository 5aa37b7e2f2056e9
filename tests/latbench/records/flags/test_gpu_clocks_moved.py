import pytest


def seen(after, reasons="none"):
    return {"witnesses": {"gpu_sm_mhz_after": after, "gpu_clock_reasons_after": reasons}}


@pytest.mark.parametrize(
    ("launches", "figure"),
    [
        ([seen(1980), seen(1890)], None),
        ([seen(1980), seen(1885)], "1885..1980MHz"),
        ([seen(1980, "sw_power_cap"), seen(1500, "sw_power_cap")], "1500..1980MHz"),
        ([seen(1980), seen(345, "gpu_idle")], None),
        ([seen(1980), seen(345, None)], None),
        ([seen(None), seen(1980)], None),
        ([{}], None),
    ],
)
def test_clocks_of_a_card_at_work(fires, launches, figure):
    assert fires("gpu_clocks_moved", *launches) == figure
