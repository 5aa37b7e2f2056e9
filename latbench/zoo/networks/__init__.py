"""Architectures as PyTorch modules, one per file; what is known about their variants stands one folder up."""
