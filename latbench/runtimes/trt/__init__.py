"""What the TensorRT runtime is made of: building an engine, keeping it, reading it back, running it."""
