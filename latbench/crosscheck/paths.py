"""The ways of calling, alternately in one process: `python -m latbench.crosscheck.paths REQUEST ANSWER`."""

import gc
import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latbench import runtimes
from latbench.crosscheck.base import Cause, Probe
from latbench.crosscheck.tools import tools
from latbench.measure.launch import LaunchRequest

Readings = dict[str, list[int]]
"""Nanoseconds by the name of the reading, one a round."""

_WARMUP = 20


def measured(request: LaunchRequest, tool: str) -> Readings:
    """Return the readings of every probe of `tool` on the session that `request` describes, one a round.

    Each round goes every way once, in a random order, so that each follows each alike. Raises what the
    runtime raises.
    """
    session = runtimes.get(request.runtime).prepare(request.source, request.options)
    with np.load(str(request.reference)) as arrays:
        inputs = {
            name.removeprefix("input:"): arrays[name] for name in arrays.files if name.startswith("input:")
        }
    session.bind(inputs)
    found = alternated(tools()[tool].probes(session, inputs), request.iterations, random.Random(0))
    session.close()
    return found


def alternated(probes: Mapping[str, Probe], rounds: int, rng: random.Random) -> Readings:
    """Return the readings of `rounds` rounds, those of a few rounds before left out."""
    found: Readings = {}
    order = list(probes.values())
    gc.disable()
    try:
        for index in range(-_WARMUP, rounds):
            rng.shuffle(order)
            for probe in order:
                for name, reading in probe().items():
                    if index >= 0:
                        found.setdefault(name, []).append(reading)
    finally:
        gc.enable()
    return found


def differences(readings: Mapping[str, Sequence[int]], causes: Sequence[Cause]) -> dict[str, float]:
    """Return, in ns by cause, the median over rounds of what ours has on top; without readings, no cause."""
    return {
        cause.name: float(np.median(np.subtract(readings[cause.more], readings[cause.less])))
        for cause in causes
        if readings.get(cause.more) and readings.get(cause.less)
    }


def main(arguments: Sequence[str]) -> None:
    """Read the request, measure, write the answer."""
    asked_path, answer_path = map(Path, arguments)
    asked: dict[str, Any] = json.loads(asked_path.read_text())
    answer_path.write_text(json.dumps(measured(LaunchRequest.from_json(asked["request"]), asked["tool"])))


if __name__ == "__main__":
    main(sys.argv[1:])
