"""What the runtimes on ONNX Runtime share: why a provider cannot work, its options, sessions on a GPU."""
