from latbench.reports.comparison import render


def test_a_comment_has_a_heading_a_table_and_the_command(comparison, pair):
    found = comparison(pair(), pair("m@openvino", verdict="SAME"), more="latbench compare a b --blocks 30")
    lines = render(found, "markdown").splitlines()
    assert lines[0] == "### latbench compare: SLOWER (2 pairs: 1 SLOWER, 1 SAME)"
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    assert len({line.count("|") for line in table}) == 1
    assert table[1].startswith("| :-- | --: |")
    assert lines[-1] == "    latbench compare a b"
    assert any("--blocks 30" in line for line in lines)


def test_names_do_no_harm(comparison, pair):
    text = render(comparison(pair("a|b_c*<x>@you")), "markdown")
    assert "a\\|b\\_c\\*\\<x>@<!-- -->you" in text
    assert "@you" not in text
