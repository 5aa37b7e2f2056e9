from latbench.reports.ran import asked, facts


def test_only_what_is_known_on_both_sides_can_differ(row):
    same = asked(row(spinning=None, spinning_actual=True, device_actual=None))
    assert not any("DIFFERS" in line for line in same)
    assert "spinning      off           on  DIFFERS" in asked(row(spinning=False, spinning_actual=True))


def test_a_cell_that_brought_nothing_back_shows_what_was_asked(crashed):
    lines = asked(crashed())
    assert "threads       4             unknown" in lines
    assert "launches      10            0  DIFFERS" in lines
    assert "parity        unchecked" in facts(crashed())


def test_an_unknown_fact_reads_unknown(row):
    told = facts(row(governor=None, versions=None, cpu_set=None))
    assert "governor      unknown" in told
    assert "versions      unknown" in told
    assert "CPUs          8 usable, set unknown, quota none known" in told
