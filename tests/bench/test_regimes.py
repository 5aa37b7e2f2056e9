"""The regimes benchmark: what is a slow CPU, what goes with what, and its lines."""

import csv
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("regimes", ROOT / "bench" / "regimes.py")
regimes = importlib.util.module_from_spec(_SPEC)
sys.modules["regimes"] = regimes
_SPEC.loader.exec_module(regimes)


def _round(latency, *compute, handoff=60):
    return {"latency_ms": latency, "compute_ns": list(compute), "handoff_ns": handoff}


def test_a_cpu_is_measured_by_its_own_best():
    found = [_round(1, 100, 300), _round(2, 150, 200), _round(3, 100, 200)]
    assert regimes.slowness(found).tolist() == [1.5, 1.5, 1.0]


def test_rounds_are_grouped_by_the_slowest_cpu():
    found = [
        _round(5, 100, 100, handoff=50),
        _round(6, 120, 100, handoff=None),
        _round(8, 100, 150, handoff=70),
    ]
    groups, with_compute, with_handoff = regimes.beside(found)
    assert [values for _, values in groups] == [[5], [6], [8]]
    assert with_compute == pytest.approx(1)
    assert np.isnan(with_handoff)


def test_ranks_are_compared_not_values():
    rising = np.array([1.0, 2, 3, 1000])
    assert regimes.rank_correlation(rising, rising**3) == pytest.approx(1)
    assert regimes.rank_correlation(rising, -rising) == pytest.approx(-1)
    assert np.isnan(regimes.rank_correlation(rising, np.ones(4)))


def test_a_line_of_nothing_is_empty():
    assert regimes.line("waiting", "openvino", "spinning", [])["median_ms"] == ""
    assert regimes.line("waiting", "openvino", "spinning", [1.0, 2, 3])["median_ms"] == 2


def test_halt_polling_that_cannot_be_set_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(regimes, "HALT_POLL", tmp_path / "absent")
    monkeypatch.setattr(sys, "argv", ["regimes.py", "--halt-poll", "0"])
    assert regimes.main() == 2
    assert "run it as root" in capsys.readouterr().err


@pytest.mark.slow
def test_both_experiments_run_on_a_real_model(monkeypatch, capsys, tmp_path):
    table = tmp_path / "regimes.csv"
    few = [
        "--model",
        "efficientmod_xxs",
        "--rounds",
        "4",
        "--launches",
        "1",
        "--count",
        "16",
        "--csv",
        str(table),
    ]
    monkeypatch.setattr(sys, "argv", ["regimes.py", *few])
    assert regimes.main() == 0
    told = capsys.readouterr().out
    assert "rank correlation" in told
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == regimes.FIELDS
    waiting = [line for line in lines if line["experiment"] == "waiting"]
    assert [line["count"] for line in waiting] == ["16"] * 6
    assert all(float(line["median_ms"]) > 0 for line in waiting)
