import inspect

import pytest

from latbench.cli import options
from latbench.cli.commands import compare, run

SHARED = {name: value for name, value in vars(options).items() if hasattr(value, "__metadata__")}


@pytest.mark.parametrize("name", SHARED)
def test_an_option_is_one_and_the_same_in_each_command(name):
    for command in (run.run, compare.compare):
        assert inspect.signature(command).parameters[name.lower()].annotation is SHARED[name]


def test_every_option_says_what_it_is():
    assert all(option.__metadata__[0].help for option in SHARED.values())
    assert SHARED
