"""From a PyTorch module to one portable ONNX file that provably computes the same outputs.

Knows nothing of the zoo, of runtimes or of latency. `import exporters` imports neither PyTorch nor ONNX.
"""

from exporters.artifact import Artifact
from exporters.errors import ExportError, InputError
from exporters.export import export
from exporters.parity import Parity, ParityLimits
from exporters.targets import TARGETS

__all__ = ["TARGETS", "Artifact", "ExportError", "InputError", "Parity", "ParityLimits", "export"]
