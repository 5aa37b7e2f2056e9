"""Models with torch.fft: complex values become pairs of real ones, transforms matrix products.

ONNX Runtime, OpenVINO and TensorRT have no complex tensors, and ONNX's DFT operator is slow or inexact
in them, or missing. A module that meets complex values is therefore traced (`program`), interpreted with a
rule for each operator (`rules`), and captured as the real module that comes of it (`module`).
"""
