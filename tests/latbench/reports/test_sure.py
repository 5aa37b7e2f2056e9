import pytest

from latbench.reports.sure import sure

FIGURES = {
    "latency_ci95_half_percent": 3.25,
    "effective_samples": 2310.4,
    "latency_sd_between_launches_percent": 3.3,
    "latency_cv_within_launches_percent": 1.25,
    "launches_for_1_percent": 24.0,
    "iterations_for_1_percent": 9600.0,
}
GOLDEN = """\
latency       12.35 ms, the median of launch medians; 95 % interval 12.22 to 12.47 ms, half of it
              3.2 %
rests on      10 launches of 400 inferences = 4000; as good as 2310 independent ones
spread        3.3 % between launches (it makes the interval), 1.2 % within a launch
to ± 1 %      about 24 launches as long as these, 9600 inferences together
stopped       after the number of launches fixed beforehand
levels        one
launches      ▁█ medians in the order launched, 5.00 to 9.00 ms"""


def line(row, label, medians=()):
    """Return what stands beside `label`, on one line; None without it."""
    text = "\n".join(sure(row, medians)).replace("\n" + " " * 14, " ")
    found = [one[14:] for one in text.splitlines() if one[:14].rstrip() == label]
    return found[0] if found else None


def test_golden(row, level):
    single = row(**FIGURES, levels=1.0, **level(1, 12.345, 12.2, 12.5, 100.0, 10.0))
    assert "\n".join(sure(single, [5.0, 9.0])) == GOLDEN


def test_a_single_launch_has_no_interval_and_says_what_that_means(row):
    alone = row(
        half=None, launches=1, iterations=400, protocol="paper", latency_cv_within_launches_percent=1.2
    )
    assert line(alone, "latency") == (
        "12.3 ms, without an interval: one launch does not tell how far another is from it"
    )
    assert line(alone, "spread") == "1.2 % within a launch; between launches unknown"
    assert line(alone, "rests on").startswith("1 launch of 400 inferences = 400 (10 launches were asked for)")
    assert line(alone, "to ± 1 %") is None


def test_nothing_measured_is_unknown(crashed):
    assert sure(crashed())[0] == "latency       unknown: no launch finished"
    assert line(crashed(), "levels") is None


def test_launches_of_unequal_length_are_counted_together(row):
    assert line(row(launches=3, iterations=1000), "rests on").startswith(
        "3 launches, 1000 inferences together"
    )


def test_stopping_early_is_what_an_adaptive_run_is_for(row):
    early = row(launches=5, iterations=2000, protocol="adaptive") | {"precision_target_percent": 1.0}
    assert line(early, "rests on") == "5 launches of 400 inferences = 2000"


def test_one_percent_may_be_reached(row):
    assert line(row(**FIGURES | {"latency_ci95_half_percent": 0.9}), "to ± 1 %") == "reached"


@pytest.mark.parametrize(
    ("protocol", "status", "expected"),
    [
        ("adaptive", "ok", "adaptive, once the interval was within the ± 1 % asked for"),
        ("adaptive", "not_converged", "adaptive, before the interval was within the ± 1 % asked for"),
        ("adaptive", "pending", "adaptive, not known whether the interval came within the ± 1 % asked for"),
    ],
)
def test_a_target_was_reached_or_not(row, protocol, status, expected):
    asked = row(protocol=protocol, status=status) | {"precision_target_percent": 1.0}
    assert line(asked, "stopped") == expected


def test_launches_added_for_levels_are_told(row):
    extended = row(launches=14, iterations=5600)
    assert line(extended, "rests on") == "14 launches of 400 inferences = 5600 (10 launches were asked for)"
    assert line(extended, "stopped").endswith("and those added to see more of its levels")


def test_looks_declared_beforehand_are_told(row):
    asked = row(protocol="adaptive") | {"precision_target_percent": 2.5, "looks": "5/10/20"}
    assert line(asked, "stopped") == (
        "adaptive, once the interval was within the ± 2.5 % asked for; "
        "it was looked at after 5, 10, 20 launches only"
    )


def test_a_quick_answer_is_called_rough(row):
    quick = row(protocol="quick") | {"precision_target_percent": 5.0}
    assert "rough answer" in line(quick, "stopped")
    assert line(quick, "stopped").endswith("once the interval was within the ± 5 % asked for")


def test_a_protocol_of_a_later_version_is_shown_as_it_is(row):
    assert line(row(protocol="thorough"), "stopped") == "thorough"
    assert line(row(protocol=None), "stopped") is None


def test_several_levels_are_told_in_a_sentence(levelled):
    assert line(levelled(), "levels").startswith("ran at 5.710 ± 0.050 ms in 62 % of the inferences")


def test_a_row_made_before_levels_does_not_claim_one(row):
    assert line(row(), "levels") == "unknown"


@pytest.mark.parametrize("medians", [(), (5.0,), (0.0, 5.0)])
def test_a_strip_takes_two_launches(row, medians):
    assert line(row(), "launches", medians) is None
