"""Cells of simulated samples, and what a flag says of them."""

import importlib

import numpy as np
import pytest

from latbench.records.flags.base import Evidence

LAUNCHES, SAMPLES = 10, 400


def correlated(generator, rho):
    noise = generator.normal(size=(LAUNCHES, SAMPLES))
    for index in range(1, SAMPLES):
        noise[:, index] = rho * noise[:, index - 1] + np.sqrt(1 - rho**2) * noise[:, index]
    return noise


def by_launch(generator):
    return generator.normal(size=(LAUNCHES, 1))


WORLDS = {
    "independent": lambda generator: 0.03 * generator.normal(size=(LAUNCHES, SAMPLES)),
    "correlated": lambda generator: 0.03 * correlated(generator, 0.3),
    "launches differ": lambda generator: 0.05 * correlated(generator, 0) + 0.033 * by_launch(generator),
    "heavy tail": lambda generator: 0.02 * generator.standard_t(2, size=(LAUNCHES, SAMPLES)).clip(-10, 100),
}


@pytest.fixture(params=WORLDS)
def world(request):
    return WORLDS[request.param]


@pytest.fixture
def says(run, plan, result):
    """Return what the flag of a name says of log latencies, shape (launches, samples)."""

    def ask(name, logs):
        samples = (5e6 * np.exp(np.asarray(logs))).astype(np.int64).tolist()
        cell, launches = plan(), tuple(result(samples_ns=tuple(one)) for one in samples)
        flag = importlib.import_module(f"latbench.records.flags.{name}").FLAG
        assert flag.name == name
        return flag.fired(Evidence(run(cell), cell, launches))

    return ask


@pytest.fixture
def alarms(says):
    """Return the share of `trials` cells drawn by `world` on which a flag fires."""

    def count(name, world, trials=100):
        generator = np.random.default_rng(list(name.encode()))
        return sum(says(name, world(generator)) is not None for _ in range(trials)) / trials

    return count


@pytest.fixture
def fires(run, plan, result):
    """Return what the flag of a name says of launches given as their fields, on the device cuda."""

    def ask(name, *launches, gpu=None, device="cuda"):
        cell = plan(device=device)
        flag = importlib.import_module(f"latbench.records.flags.{name}").FLAG
        assert flag.name == name
        machine = {} if gpu is None else {"gpu": gpu}
        return flag.fired(
            Evidence(run(cell, machine=machine), cell, tuple(result(**one) for one in launches))
        )

    return ask
