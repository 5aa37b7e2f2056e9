import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.pipeline.protocol import Protocol, at_least, share_of


def test_a_fixed_number_has_no_looks_and_no_limit():
    found = Protocol()
    assert (found.label, found.launch_count, found.iteration_count, found.warmup_count) == (
        "launches",
        10,
        4000,
        50,
    )
    assert (found.looks, found.time_limit_s, found.target_share) == ((), None, None)


def test_a_precision_is_looked_for_at_numbers_declared_before():
    found = Protocol(precision_target=0.01)
    assert (found.label, found.looks, found.launch_count) == ("adaptive", (5, 10, 20, 40, 80), 80)
    assert (found.iteration_count, found.time_limit_s) == (None, 300)
    assert Protocol(precision_target=0.01, launches=30, time_limit=9).looks == (5, 10, 20, 30)
    assert Protocol(precision_target=0.01, time_limit=9).time_limit_s == 9


def test_quick_is_five_percent_from_few_short_launches():
    found = Protocol(quick=True)
    assert (found.label, found.target_share, found.looks) == ("quick", 0.05, (3, 5, 8, 13))
    assert (found.warmup_count, found.time_limit_s) == (10, 20)
    assert Protocol(quick=True, warmup=30).warmup_count == 30


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"quick": True, "precision_target": 0.01}, "give one of the two"),
        ({"quick": True, "protocol": "paper"}, "--quick needs several launches"),
        ({"quick": True, "iterations": 100}, "leave --iterations 100 out"),
        ({"quick": True, "extend": 60.0}, "leave it out with --quick"),
        ({"quick": True, "launches": 1}, "use 2 or more"),
        ({"precision_target": 0.01, "protocol": "paper"}, "leave --protocol paper out"),
        ({"precision_target": 0.01, "iterations": 4000}, "With --precision-target a pilot finds"),
        ({"precision_target": 1.0}, "write 1% or 0.01"),
        ({"precision_target": float("nan")}, "write 1% or 0.01"),
        ({"time_limit": 60.0}, "limits runs with --precision-target or --quick"),
        ({"quick": True, "time_limit": 0.0}, "--time-limit 0 is no time"),
        ({"extend": -1.0}, "--extend -1 is no time"),
        ({"extend": float("inf")}, "--extend inf is no time"),
        ({"extend": 60.0, "protocol": "paper"}, "has none to add"),
        ({"iterations": 0}, "--iterations 0 is too small"),
    ],
)
def test_what_conflicts_is_refused_in_one_sentence(fields, words):
    with pytest.raises(BadInput) as caught:
        Protocol(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.01", 0.01), (" 2.5 % ", 0.025), ("0.5%", 0.005), ("1e-2", 0.01)]
)
def test_a_share_is_read_as_a_percentage_or_a_fraction(text, share):
    assert share_of("--precision-target", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["1", "0", "0%", "100%", "-1%", "one", "", "%", "nan", "1%%", "inf%"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(BadInput, match=r"write 1% or 0\.01"):
        share_of("--precision-target", text)


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_at_least_is_a_bound(value, least):
    try:
        at_least("--x", value, least)
    except BadInput:
        assert value < least
    else:
        assert value >= least
