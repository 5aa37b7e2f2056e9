import pytest


@pytest.mark.parametrize(
    ("gpu", "device", "figure"),
    [
        ({"persistence": False}, "cuda", "off"),
        ({"persistence": True}, "cuda", None),
        ({"persistence": None}, "cuda", None),
        ({"persistence": False}, "cpu", None),
        (None, "cuda", None),
    ],
)
def test_the_mode(fires, gpu, device, figure):
    assert fires("gpu_persistence_off", {}, gpu=gpu, device=device) == figure
