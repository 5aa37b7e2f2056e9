"""Run an ONNX graph as it is written: ONNX Runtime with every graph optimisation off."""

from collections.abc import Mapping

import numpy as np


def execute(model: bytes | str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the graph outputs of `model` (serialised, or the path of a file) on `inputs`, by name."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))
