"""The evidence as it is kept and shown."""

from pathlib import Path

import pytest
from simulated import table
from simulated.finding import Finding

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "results" / "evidence.csv"
FOUND = [
    Finding("a rate", "one world; 10 blocks", 1000, 0.05, None, 0.05),
    Finding("a rate", "one world; 20 blocks", 1000, 0.051, None, 0.05),
    Finding("coverage", "a case", 100, 0.95, 0.93, 0.97),
    Finding("coverage", "a known limit", 100, 0.4),
]


def test_limits_are_kept_or_not():
    assert [one.met() for one in FOUND] == [True, False, True, True]
    assert [one.met(errors=2) for one in FOUND] == [True] * 4
    assert [one.promised for one in FOUND] == ["<= 5 %", "<= 5 %", "93-97 %", ""]
    assert not Finding("q", "c", 100, 0.9, least=0.95).met()


def test_what_is_written_is_read(tmp_path):
    table.write(tmp_path / "evidence.csv", FOUND)
    assert table.read(tmp_path / "evidence.csv") == FOUND


def test_text_marks_what_is_not_met():
    told = list(table.lines(FOUND))
    assert [line.strip().split("  ")[0] for line in told] == [
        *("A rate", "one world; 10 blocks", "one world; 20 blocks", "Coverage", "a case", "a known limit")
    ]
    assert [line.endswith("NOT MET") for line in told] == [False, False, True, False, False, False]


def test_sizes_of_session_become_columns():
    first, second = table.markdown(FOUND).split("\n\n")
    assert first.splitlines() == [
        "| A rate | 10 blocks | 20 blocks | promised |",
        "| :-- | --: | --: | :-- |",
        "| one world | 5.0 % | 5.1 % | <= 5 % |",
    ]
    assert second.splitlines()[-1] == "| a known limit | 40.0 % | – |"


def test_the_kept_evidence_keeps_its_promises():
    found = table.read(KEPT)
    assert all(one.trials >= 100 for one in found)
    assert not [one for one in found if not one.met()]


BLOCKS = [
    block
    for page in ("statistics.md", "crossover.md")
    for block in (ROOT / "docs" / page).read_text("utf-8").split("\n\n")
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_pages_show_the_kept_evidence(block):
    """Every table with a column `promised` is one that the kept findings give."""
    if "| promised |" in block:
        assert block.strip() in table.markdown(table.read(KEPT)).split("\n\n")
