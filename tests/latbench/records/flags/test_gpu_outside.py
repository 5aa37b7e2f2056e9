import pytest


def timed(host, device):
    return {"samples_ns": (host,) * 3, "device_ns": (device,) * 3 if device else ()}


@pytest.mark.parametrize(
    ("launches", "figure"),
    [
        ([timed(1000, 501)], None),
        ([timed(1000, 500)], "50%"),
        ([timed(1000, 200), timed(1000, 240), timed(1000, 900)], "76%"),
        ([timed(1000, None)], None),
        ([timed(1000, None), timed(1000, 100)], "90%"),
    ],
)
def test_the_share_of_the_host_latency(fires, launches, figure):
    assert fires("gpu_outside", *launches) == figure
