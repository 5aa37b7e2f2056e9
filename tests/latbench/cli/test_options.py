import inspect

import pytest

from latbench.cli import options
from latbench.cli.commands import compare, run

SHARED = {name: value for name, value in vars(options).items() if hasattr(value, "__metadata__")}


@pytest.mark.parametrize("name", SHARED)
def test_an_option_is_one_and_the_same_in_each_command(name):
    commands = [inspect.signature(command).parameters for command in (run.run, compare.compare)]
    taken = [parameters[name.lower()] for parameters in commands if name.lower() in parameters]
    assert taken
    assert all(one.annotation is SHARED[name] for one in taken)


def test_every_option_says_what_it_is():
    assert all(option.__metadata__[0].help for option in SHARED.values())
    assert SHARED
