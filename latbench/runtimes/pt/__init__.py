"""What the runtimes of PyTorch share: a module loaded, placed, bound to its inputs and run, on CPU or GPU."""
