"""What runtimes of several vendors share: GPUs through CUDA, ONNX files without onnx, packages, knobs."""
