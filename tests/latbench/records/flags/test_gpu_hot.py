import pytest


def seen(degrees):
    return {"witnesses": {"gpu_temperature_c": degrees}}


@pytest.mark.parametrize(
    ("degrees", "limit", "figure"),
    [
        ([60, 84], 90, None),
        ([60, 85], 90, "85C/90C"),
        ([None, 93], 90, "93C/90C"),
        ([93], None, None),
        ([None], 90, None),
    ],
)
def test_near_the_limit(fires, degrees, limit, figure):
    assert fires("gpu_hot", *map(seen, degrees), gpu={"slowdown_c": limit}) == figure


def test_without_facts_of_a_card(fires):
    assert fires("gpu_hot", seen(99)) is None
