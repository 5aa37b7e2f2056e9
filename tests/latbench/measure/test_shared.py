import json

from latbench.measure.shared import SharedCell, SharedRequest
from latbench.runtimes.base import SessionOptions, Source


def test_a_request_survives_json():
    cells = tuple(SharedCell(key, Source("module", kwargs={"scale": 2}), f"{key}.npz") for key in "ab")
    options = SessionOptions(threads=2, spinning=False)
    for empty in (None, SharedCell("", Source("onnx", "empty.onnx"))):
        request = SharedRequest(cells, "fake", options, 60, 1.5, 10, "0:1", empty)
        assert SharedRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
