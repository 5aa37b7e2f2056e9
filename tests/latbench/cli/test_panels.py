from types import SimpleNamespace

import pytest
import typer

from latbench.cli.app import app
from latbench.cli.panels import FEW, PANELS, arrange

COMMANDS = typer.main.get_command(app()).commands


def option(name, kind="option"):
    return SimpleNamespace(name=name, param_type_name=kind, rich_help_panel=None)


@pytest.mark.parametrize("command", ["run", "export", "compare"])
def test_the_help_shows_what_goes_in_and_what_is_exported_apart(latbench, command):
    code, out, _ = latbench(command, "--help")
    assert code == 0
    headings = [line.strip("╭─╮ ") for line in out.splitlines() if line.startswith("╭")]
    assert headings[:2] == ["Arguments", "Options"]
    assert {"What goes in", "What is exported"} <= set(headings) <= {*headings[:2], *PANELS}


def test_every_option_of_a_group_is_an_option_of_some_command():
    known = {one.name for command in COMMANDS.values() for one in command.params}
    grouped = [name for names in PANELS.values() for name in names]
    assert set(grouped) <= known
    assert len(set(grouped)) == len(grouped)


def test_few_options_stay_together_and_arguments_are_left_alone():
    few = [option("seed") for _ in range(FEW)]
    arrange([*few, option("shape", "argument")])
    assert {each.rich_help_panel for each in few} == {None}
    many = [*few, option("shape"), option("output")]
    argument = option("seed", "argument")
    arrange([*many, argument])
    assert [each.rich_help_panel for each in many[-3:]] == ["How it is measured", "What goes in", None]
    assert argument.rich_help_panel is None
