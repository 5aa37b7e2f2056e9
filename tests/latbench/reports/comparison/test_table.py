from latbench.reports.comparison import render


def test_the_verdict_comes_first_and_columns_stand_under_their_titles(comparison, pair, failed):
    lines = render(comparison(pair(), failed)).splitlines()
    assert lines[0] == "NOT MEASURED (2 pairs: 1 SLOWER, 1 not ok)"
    titles, rule, first, second = lines[2:6]
    assert set(rule) == {"-"}
    assert len(rule) == max(map(len, (titles, first, second)))
    assert titles.index("verdict") == first.index("SLOWER") == second.index("not ok")
    assert "m@openvino: B crashed: SIGSEGV." in lines


def test_no_line_ends_in_blanks(comparison, levelled):
    assert not [line for line in render(comparison(levelled)).splitlines() if line != line.rstrip()]
