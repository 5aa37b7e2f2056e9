import pytest

from latbench.studies.crossover.cells import cells_of, run_of
from latbench.studies.crossover.curves import curves, logs_of, paired


def rows(records):
    return curves(cells_of(records, run_of(records, None)))


def test_every_cell_is_a_row_with_both_ratios(by_hand):
    spatial, circulant, literal = rows(
        by_hand()
        .cell("parc_h_c64_56", "spatial", 5000)
        .cell("parc_h_c64_56", "circulant", 3000)
        .cell("parc_h_c64_56", "dft_op", None, reason="refused")
        .records()
    )
    assert spatial["ratio"] is None
    assert spatial["latency_ms"] == pytest.approx(0.00575)
    assert spatial["net_ms"] == pytest.approx(0.0046)
    assert circulant["ratio"] == pytest.approx(5 / 3, rel=1e-3)
    assert circulant["net_ratio"] == pytest.approx(2, rel=1e-3)
    assert circulant["ratio_ci95_low"] <= circulant["ratio"] <= circulant["ratio_ci95_high"]
    assert circulant["launches"] == 4
    assert (literal["status"], literal["reason"], literal["latency_ms"]) == ("failed", "refused", None)
    assert {"axis", "channels", "size", "family", "artifact_sha256", "machine"} <= literal.keys()
    assert spatial.keys() == circulant.keys() == literal.keys()


def test_a_drift_of_the_machine_cancels_in_the_ratio(by_hand):
    _, row = rows(
        by_hand(overhead=None)
        .cell("parc_h_c64_56", "spatial", 5e6)
        .cell("parc_h_c64_56", "circulant", 1e6)
        .records()
    )
    assert row["ratio_ci95_high"] - row["ratio_ci95_low"] < 1e-4
    assert row["net_ratio"] is None
    assert row["net_ms"] is None


def test_a_launch_at_its_empty_call_has_no_net_ratio(by_hand):
    _, row = rows(
        by_hand(overhead=3000)
        .cell("parc_h_c64_56", "spatial", 5000)
        .cell("parc_h_c64_56", "circulant", 2999)
        .records()
    )
    assert row["net_ratio"] is None
    assert row["ratio"] == pytest.approx(5 / 3, rel=1e-2)


def test_launches_pair_by_their_number(by_hand):
    records = (
        by_hand()
        .cell("parc_h_c64_56", "spatial", 5e6)
        .cell("parc_h_c64_56", "circulant", 1e6, launches=2)
        .records()
    )
    spatial, circulant = cells_of(records, run_of(records, None))
    pair = paired(spatial, circulant)
    assert list(pair) == [0, 1]
    assert list(logs_of(pair, net=False)) == [0, 1]
    assert logs_of({}, net=False) is None
