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


def test_long_names_stand_above_the_table_and_numbers_in_it(comparison, pair):
    name = "a/long/path/of/a/model.onnx@onnxruntime"
    two = pair(name, candidate_label=name.replace("a/", "b/"))
    lines = render(comparison(two, two)).splitlines()
    assert lines[2:6] == [
        f"{k} {side}  {label}" for k in "12" for side, label in (("A", name), ("B", two.candidate_label))
    ]
    assert [line.split()[0] for line in lines[9:11]] == ["1", "2"]
    assert max(map(len, lines[7:11])) < 110
    assert lines[12].startswith("1: latency of B")
