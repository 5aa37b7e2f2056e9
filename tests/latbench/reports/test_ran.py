from latbench.reports.ran import asked, facts


def test_only_what_is_known_on_both_sides_can_differ(row):
    same = asked(row(spinning=None, spinning_actual=True, device_actual=None))
    assert not any("DIFFERS" in line for line in same)
    assert "spinning      off           on  DIFFERS" in asked(row(spinning=False, spinning_actual=True))


def test_a_device_without_a_number_stands_for_any_of_its_kind(row):
    assert "DIFFERS" not in asked(row(device="cuda", device_actual="cuda:1"))[1]
    assert "DIFFERS" in asked(row(device="cuda:0", device_actual="cuda:1"))[1]
    assert "DIFFERS" in asked(row(device="cuda", device_actual="cpu"))[1]


def test_fewer_launches_than_allowed_are_no_difference(row):
    until = row(launches=5, iterations_requested=None) | {"precision_target_percent": 1.0}
    assert "launches      at most 10    5" in asked(until)
    assert "inferences    unknown       4000" in asked(until)
    assert "launches      10            5  DIFFERS" in asked(row(launches=5))


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


def test_the_limit_of_parity_is_told_where_it_is_known(row):
    (parity,) = (line for line in facts(row() | {"parity_limit": 0.01}) if line.startswith("parity"))
    assert parity.endswith("against eager fp32, max_rel up to 0.01 passes")
