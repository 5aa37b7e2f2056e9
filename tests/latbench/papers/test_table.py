import pytest

from latbench.papers.table import MILLIONS, Figure, parsed


@pytest.mark.parametrize(
    ("text", "half"), [("4.7", 0.05), ("34", 0.5), ("75.96", 0.005), ("5.0", 0.05), ("142.5", 0.05)]
)
def test_half_a_unit_is_that_of_the_last_printed_digit(text, half):
    assert Figure(text, "s").half_unit == pytest.approx(half)
    assert Figure(text, "s", MILLIONS).half_unit == pytest.approx(half * 1e6)


@pytest.mark.parametrize(
    ("text", "count", "contradicted"),
    [
        ("4.7", 4_736_264, False),  # rounds to it
        ("4.8", 4_764_840, False),
        ("6.7", 6_770_056, True),  # over half a digit and over 1 %
        ("12.9", 12_960_000, False),  # over half a digit, but within 1 %
        ("0.3", 335_000, False),  # far in percent, but within its rounding
        ("2", 1_600_000, False),
        ("26", 25_557_032, False),
        ("26", 25_000_000, True),
    ],
)
def test_a_count_contradicts_beyond_rounding_and_tolerance(text, count, contradicted):
    scale = 1e6
    assert Figure(text, "s", scale).contradicted(count, 0.01) is contradicted


def test_a_figure_at_the_edge_of_its_rounding_is_no_contradiction():
    assert not Figure("0.3", "s").contradicted(0.25, 0.0)
    assert Figure("0.3", "s").contradicted(0.2499, 0.0)


def test_off_is_published_over_counted():
    assert Figure("2.1", "s", 1e9).off(4_200_000_000) == pytest.approx(-0.5)


def test_a_figure_bears_the_source_nearest_to_it(told):
    told["rows"][0]["source"] = "a README"
    told["devices"][1]["source"] = "Table 10"
    first, second = parsed(told).rows[:2]
    assert (first.params.source, second.params.source) == ("a README", "A paper, Table 1")
    assert (first.speed["P100"].source, first.speed["Xeon"].source) == ("a README", "Table 10")
    assert (second.speed["P100"].source, second.speed["Xeon"].source) == ("A paper, Table 1", "Table 10")


def test_what_is_not_published_is_none(told):
    last = parsed(told).rows[-1]
    assert (last.flops, last.note, last.names, last.absent) == (None, None, (), "nobody has it")
    assert set(last.speed) == {"P100"}
    assert last.params.value == 14_800_000


def test_flops_say_how_many_are_a_mac(told):
    assert parsed(told).per_mac == 1
    assert parsed(told | {"flops": "FLOPs"}).per_mac == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda told: told.update(flops="GOPs"), "flops is 'GOPs'"),
        (lambda told: told["rows"][0].update(absent="why"), "models or absent"),
        (lambda told: told["rows"][4].pop("absent"), "models or absent"),
        (lambda told: told["rows"][0].update(speed={"T4": "1"}), "known devices"),
        (lambda told: told["rows"][0].update(label="B"), "same label"),
        (lambda told: told.update(devices=[told["devices"][0]] * 2), "same key"),
    ],
)
def test_a_wrong_file_is_refused(told, change, complaint):
    change(told)
    with pytest.raises(ValueError, match=complaint):
        parsed(told)
