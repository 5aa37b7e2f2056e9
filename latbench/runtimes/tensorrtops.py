"""What TensorRT would not take of an artifact; the list stands with the exporters, which warn of it too."""

from exporters.tensorrt_operators import Unsupported, unsupported

__all__ = ["Unsupported", "unsupported"]
