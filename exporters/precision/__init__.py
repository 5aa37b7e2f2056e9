"""From a graph in fp32 the same in fp16 or bf16, the type of each tensor stated; see docs/precision.md."""

from exporters.precision.convert import Conversion, Unconvertible, conversion, convert

__all__ = ["Conversion", "Unconvertible", "conversion", "convert"]
