from latbench.records import Measured
from latbench.records.flags import flags
from latbench.reports.disturbed import disturbed


def text(*given):
    return " ".join(" ".join(disturbed(*given)).split())


def test_nothing_found_says_how_much_was_looked_for(row, measured):
    assert text(row(), measured()).startswith(f"nothing of the {len(flags())} things that latbench looks for")


def test_every_flag_is_told_in_words_with_its_mend(row):
    for flag in flags():
        told = text(row(flags=f"{flag.name}=1;no_such_flag=2"))
        assert f"{flag.name}=1 {flag.description}" in told
        assert flag.mend is None or f"to mend {flag.mend}" in told
        assert "no_such_flag=2 A flag that this latbench does not know." in told


def test_what_the_launches_saw_is_summed_up(row, launch):
    kept = (launch(told={"migrations": 2, "steal_percent": 0}), launch(told={"migrations": 9}))
    lines = disturbed(row(), Measured(kept))
    moved = next(line for line in lines if line.startswith("threads moved to another CPU, times"))
    assert moved.split()[-3:] == ["2", "5.50", "9"]
    assert "none seen     CPU time the hypervisor gave to others." in lines
    assert any(line.startswith("not told here CPUs taken by other work;") for line in lines)


def test_launches_that_did_not_count_are_named(crashed, launch):
    lost = Measured((), (launch((), status="crashed", reason="killed by signal 11"),))
    assert "launch 1, attempt 1: crashed (killed by signal 11)" in text(crashed(), lost)


def test_a_table_does_not_tell_what_launches_saw(row):
    assert text(row()).endswith("stands in records.jsonl, not in a table: name its directory.")


def test_nothing_measured_is_unknown_and_not_undisturbed(crashed):
    assert text(crashed()) == text(crashed(), Measured()) == "unknown: no launch finished"
