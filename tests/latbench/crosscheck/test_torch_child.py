import json

import numpy as np
import pytest

from latbench.crosscheck.tools.torch_timer import TOOL
from latbench.crosscheck.torch_child import MARK, main, timed
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
    assert said.uncounted > 0
    assert said.facts["threads"] == 1
    assert said.facts["precision"] == "fp32"


@pytest.mark.slow
def test_another_module_than_ours_is_refused(asked):
    other = {**asked, "source": Source("module", factory="torch.nn:Tanh").to_json()}
    with pytest.raises(ValueError, match="something else than ours"):
        timed(other)
