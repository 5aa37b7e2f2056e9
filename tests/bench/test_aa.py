"""The A/A benchmark: its rates, and a session that is judged again without being measured again."""

import csv
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from latbench.errors import BadInput

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("aa", ROOT / "bench" / "aa.py")
aa = importlib.util.module_from_spec(_SPEC)
sys.modules["aa"] = aa
_SPEC.loader.exec_module(aa)

LINE = aa.Line(1, "SAME", 1.0, 0.99, 1.01, 0.9, None, 10, 800, 5.0, 5.0, 0.01, 0.2)

FACTORY = "from torch import nn\n\ndef make():\n    import torch\n    return nn.ReLU(), (torch.ones(1, 8),)\n"


def test_rates_are_told_side_by_side():
    lines = [LINE, replace(LINE, verdict="UNTRUSTED", t_test_p=0.5)]
    told = aa.summary(lines).splitlines()
    assert "10 blocks, 800 iterations a side" in told[0]
    assert "1 of 2 (50 %): 1 SAME, 0 UNDECIDED, 0 FASTER, 0 SLOWER, 1 UNTRUSTED" in told[1]
    assert told[2].endswith("1 of 2 (50 %)")
    assert told[3].endswith("0 of 2 (0 %)")


def test_too_many_false_ones_are_not_chance():
    assert aa.by_chance(0, 30) == 1
    assert aa.by_chance(2, 30) == pytest.approx(0.446, abs=1e-3)
    assert aa.by_chance(6, 30) < 0.01 < aa.by_chance(5, 30)


def test_what_is_unknown_is_an_empty_cell(tmp_path):
    aa.write(tmp_path / "aa.csv", [LINE])
    (row,) = csv.DictReader((tmp_path / "aa.csv").open())
    assert (row["guard_ratio"], row["verdict"], row["t_test_p"]) == ("", "SAME", "0.01")


@pytest.mark.slow
def test_comparisons_are_measured_once_and_judged_again(tmp_path, monkeypatch, capsys):
    (tmp_path / "relu_factory.py").write_text(FACTORY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    words = ["--model", "relu_factory:make", "--comparisons", "2", "--blocks", "3", "--per-launch", "3"]
    monkeypatch.setattr(sys, "argv", ["aa.py", *words, "--warmup", "2", "--output", "aa", "--csv", "aa.csv"])
    assert aa.main() in (0, 1)
    first, kept = capsys.readouterr().out, (tmp_path / "aa.csv").read_text()
    assert "2 comparisons of a model with itself (3 blocks, 18 iterations a side)" in first
    assert len(kept.splitlines()) == 3
    monkeypatch.setattr(aa, "compare", lambda *_, **__: pytest.fail("measured again"))
    assert aa.main() in (0, 1)
    assert (capsys.readouterr().out, (tmp_path / "aa.csv").read_text()) == (first, kept)


def test_what_cannot_be_measured_is_one_sentence(tmp_path, monkeypatch, capsys):
    def refused(*_, **__):
        raise BadInput("No such model.")

    monkeypatch.setattr(aa, "compare", refused)
    monkeypatch.setattr(sys, "argv", ["aa.py", "--output", str(tmp_path)])
    assert aa.main() == 2
    assert capsys.readouterr().err == "No such model.\n"
