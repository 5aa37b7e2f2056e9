"""Tests of every model of the zoo leave out one whose package is not here, in CI none.

A test that asks for a `member` is one of every model: quick for the smallest of each family, slow for others.
"""

import os

import pytest

from latbench.zoo.registry import models

LARGE = 16_000_000
"""Parameters from which on even the smallest of a family is built in a slow test only."""


def pytest_generate_tests(metafunc):
    if "member" in metafunc.fixturenames:
        smallest = {}
        for known in sorted(models(), key=lambda known: known.params):
            smallest.setdefault(known.family, known)
        quick = [known for known in smallest.values() if known.params < LARGE]
        each = [
            pytest.param(known, id=known.name, marks=() if known in quick else pytest.mark.slow)
            for known in models()
        ]
        metafunc.parametrize("member", each)


@pytest.fixture(autouse=True)
def what_can_be_built(request):
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    known = given.get("known", given.get("member"))
    lack = known.missing() if hasattr(known, "missing") else None
    if lack and "CI" not in os.environ:
        pytest.skip(lack)
