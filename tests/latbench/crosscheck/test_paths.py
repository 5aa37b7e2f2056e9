import json
import random

import pytest

from latbench.crosscheck.base import Cause
from latbench.crosscheck.paths import alternated, differences, main
from latbench.measure.launch import LaunchRequest
from latbench.runtimes.base import SessionOptions, Source


def test_each_round_goes_every_way_once_and_the_first_rounds_are_left_out():
    went = []
    probes = {name: lambda name=name: went.append(name) or {name: len(went)} for name in ("ours", "theirs")}
    found = alternated(probes, 10, random.Random(0))
    assert {name: len(readings) for name, readings in found.items()} == {"ours": 10, "theirs": 10}
    rounds = [went[at : at + 2] for at in range(0, len(went), 2)]
    assert all(sorted(one) == ["ours", "theirs"] for one in rounds)
    assert ["ours", "theirs"] in rounds
    assert ["theirs", "ours"] in rounds
    assert min(found["ours"] + found["theirs"]) > 2


def test_a_cause_is_the_median_of_paired_differences():
    causes = (Cause("call", "ours", "theirs", ""), Cause("copies", "theirs", "unread", ""))
    readings = {"ours": [110, 210, 900], "theirs": [100, 200, 300]}
    assert differences(readings, causes) == {"call": 10}


@pytest.mark.slow
def test_openvinos_ways_of_calling_are_read_in_one_process(tmp_path):
    pytest.importorskip("openvino")
    import numpy as np
    import onnx
    from onnx import helper

    ends = [helper.make_tensor_value_info(name, 1, (1, 3, 32, 32)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9),
        tmp_path / "m.onnx",
    )
    np.savez(tmp_path / "m.npz", **{"input:x": np.ones((1, 3, 32, 32), np.float32)})
    request = LaunchRequest(
        Source("onnx", path=str(tmp_path / "m.onnx")),
        "openvino",
        SessionOptions(threads=1),
        5,
        0,
        str(tmp_path / "m.npz"),
    )
    asked, answer = tmp_path / "asked.json", tmp_path / "answer.json"
    asked.write_text(json.dumps({"request": request.to_json(), "tool": "benchmark_app"}))
    main([str(asked), str(answer)])
    found = json.loads(answer.read_text())
    assert {name: len(readings) for name, readings in found.items()} == {
        "ours": 5,
        "ours by OpenVINO's clock": 5,
        "theirs": 5,
    }
    inner = zip(found["ours"], found["ours by OpenVINO's clock"], strict=True)
    assert all(outside >= inside > 0 for outside, inside in inner)
