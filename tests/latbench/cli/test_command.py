from latbench.cli.command import Command, Settings


def test_a_command_stands_where_it_says():
    assert sorted([Command("b", 2, print), Command("a", 1, print)], key=lambda one: one.order)[0].name == "a"


def test_nothing_is_debugged_unasked():
    assert Settings().debug is False
