import re

from latbench.crosscheck import agreement
from latbench.crosscheck.base import Said
from latbench.crosscheck.session import Evidence, Pair
from latbench.crosscheck.text import told
from latbench.measure.launch import LaunchResult


def test_a_row_becomes_figures_verdict_and_the_difference_taken_apart(cell, echo):
    ours = [
        LaunchResult("ok", samples_ns=(one,) * 3, first_inference_ns=9)
        for one in (1_010_000, 1_000_000, 990_000)
    ]
    theirs = [Said(one, one, 3, rounding_ns=5000) for one in (1_009_000, 1_001_000, 989_500)]
    readings = [{"ours": [1100], "theirs": [1000]}] * 3
    row = agreement.row(Evidence(Pair(echo, cell, "1.2"), ours, theirs, readings))
    said = told([row], {"echo": echo})
    assert "m on fake, 2 threads, 3 blocks" in said
    assert "latbench 1.000 ms, echo 1.2 1.001 ms" in said
    assert "agree within 2 %" in said
    assert re.search(r"call +\+0\.1 us +ours does more", said)
    assert "not explained" in said
    assert "ours reads +0.1 us [+0.1, +0.1] (+0.01 %)" in said
    assert "each may be 5 us off" in said
    assert "It only echoes." in said


def test_what_did_not_run_says_why(cell, echo):
    lost = agreement.row(Evidence(Pair(echo, cell), failures=["block 1: exit code 1"]))
    said = told([lost, agreement.skipped("echo", "fake", "m", "it is not here")], {"echo": echo})
    assert said.splitlines() == [
        "echo on m: failed: block 1: exit code 1",
        "",
        "echo on m: skipped: it is not here",
    ]
