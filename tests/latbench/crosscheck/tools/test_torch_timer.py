import json
import sys
from pathlib import Path

import pytest

from latbench.crosscheck.base import Unreadable, Work
from latbench.crosscheck.tools.torch_timer import TOOL
from latbench.runtimes.base import Source


def test_its_program_gets_the_source_the_reference_and_the_threads(tmp_path):
    source = Source("module", factory="torch.nn:Identity")
    command = TOOL.command(Work(source, Path("m.npz"), 2, 400, tmp_path))
    asked = json.loads(command[-1])
    assert command[:2] == [sys.executable, "-m"]
    assert Source.from_json(asked["source"]) == source
    assert (asked["reference"], asked["threads"], asked["iterations"]) == ("m.npz", 2, 400)


def test_its_line_is_found_among_others():
    told = {"median_s": 0.01, "mean_s": 0.02, "count": 7, "facts": {"threads": 2}}
    said = TOOL.parse(f"a warning\ntorch.utils.benchmark: {json.dumps(told)}\n")
    assert (said.median_ns, said.mean_ns, said.iterations) == (1e7, 2e7, 7)


@pytest.mark.parametrize("output", ["", "torch.utils.benchmark: not json", "torch.utils.benchmark: {}"])
def test_another_output_is_unreadable(output):
    with pytest.raises(Unreadable):
        TOOL.parse(output)


@pytest.mark.slow
def test_both_ways_of_calling_are_read():
    import numpy as np

    from latbench import runtimes
    from latbench.runtimes.base import SessionOptions

    session = runtimes.get("pytorch").prepare(
        Source("module", factory="torch.nn:Identity"), SessionOptions(threads=1)
    )
    session.bind({"x": np.ones((1, 3), np.float32)})
    probes = TOOL.probes(session, {})
    readings = {name: value for probe in probes.values() for name, value in probe().items()}
    assert set(readings) == {"ours", "theirs"}
    assert all(value > 0 for value in readings.values())
    session.close()
