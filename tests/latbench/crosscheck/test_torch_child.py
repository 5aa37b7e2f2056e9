import json

import numpy as np
import pytest

from latbench.crosscheck.tools.torch_timer import TOOL
from latbench.crosscheck.torch_child import MARK, _blocks, main, timed
from latbench.runtimes.base import Source


@pytest.fixture
def asked(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.savez(tmp_path / "m.npz", **{"input:x": array, "output:y": array})
    source = Source("module", factory="torch.nn:Identity").to_json()
    return {"source": source, "reference": str(tmp_path / "m.npz"), "threads": 1, "iterations": 10}


@pytest.mark.slow
def test_the_timer_tells_what_the_tool_reads(asked, capsys):
    main([json.dumps(asked)])
    printed = capsys.readouterr().out
    said = TOOL.parse(printed)
    assert printed.startswith(MARK)
    assert said.median_ns > 0
    assert said.iterations >= 10
    assert said.facts["threads"] == 1
    assert said.facts["precision"] == "fp32"


def test_blocks_are_taken_until_there_are_enough_inferences():
    class Timer:
        asked = 0

        def blocked_autorange(self, callback):
            self.asked += 1
            for _ in range(3):
                callback(10, 0.5)

    timer = Timer()
    assert _blocks(timer, 45) == [(10, 0.5)] * 5
    assert timer.asked == 2


@pytest.mark.slow
def test_another_module_than_ours_is_refused(asked):
    other = {**asked, "source": Source("module", factory="torch.nn:Tanh").to_json()}
    with pytest.raises(ValueError, match="something else than ours"):
        timed(other)
