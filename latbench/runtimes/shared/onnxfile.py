"""What an ONNX file says about its number formats, read without the onnx package.

The measuring process must stay small (its peak memory is a column), so the few fields needed are read
straight from the protobuf wire format: protobuf.dev/programming-guides/encoding, and onnx.proto3 of the ONNX
project.
"""

import math
import mmap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

Span = tuple[int, int]

_GRAPH = 7
_NODE, _INITIALIZER = 1, 5
_OP_TYPE, _ATTRIBUTE, _ATTRIBUTE_TENSOR = 4, 5, 5
_DIMS, _DATA_TYPE = 1, 2
_FLOATS = {1: "fp32", 10: "fp16", 11: "fp64", 16: "bf16"}
_QUANTISED = ("QuantizeLinear", "QLinear", "Integer")


def weights(path: str | Path) -> dict[str, int]:
    """Return the number of weights held in each floating-point format ("fp32", "fp16", "bf16", "fp64").

    A graph that quantises its activations also has the key "int8", with the number of those operators.
    Weights in external data are counted by their shape; the data file itself is not opened.
    """
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        held: Counter[str] = Counter()
        for graph in spans(data, (0, len(data)), _GRAPH):
            for tensor in spans(data, graph, _INITIALIZER):
                _count(data, tensor, held)
            for node in spans(data, graph, _NODE):
                for start, end in spans(data, node, _OP_TYPE):
                    operator = data[start:end].decode()
                    held["int8"] += any(mark in operator for mark in _QUANTISED)
                for attribute in spans(data, node, _ATTRIBUTE):
                    for tensor in spans(data, attribute, _ATTRIBUTE_TENSOR):
                        _count(data, tensor, held)
    return dict(+held)


def precision(held: dict[str, int]) -> str | None:
    """Return "int8" for a quantised graph, else the format that most weights are in; None without weights."""
    if not held:
        return None
    return "int8" if "int8" in held else max(held, key=lambda name: held[name])


def _count(data: mmap.mmap, tensor: Span, held: Counter[str]) -> None:
    sizes: list[int] = []
    kind = 0
    for number, value in fields(data, tensor):
        if number == _DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == _DIMS:
            sizes += [value] if isinstance(value, int) else _packed(data, value)
    if kind in _FLOATS:
        held[_FLOATS[kind]] += math.prod(sizes)


def spans(data: mmap.mmap, span: Span, wanted: int) -> Iterator[Span]:
    """Yield the spans of the length-delimited fields numbered `wanted` within `span`."""
    for number, value in fields(data, span):
        if number == wanted and not isinstance(value, int):
            yield value


def fields(data: mmap.mmap, span: Span) -> Iterator[tuple[int, int | Span]]:
    """Yield (field number, value): an int for a varint, the span of the bytes of a length-delimited field.

    ValueError, or IndexError at the end of the file, when the bytes are no such message.
    """
    position, end = span
    while position < end:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            length, position = _varint(data, position)
            if position + length > end:
                raise ValueError(f"not an ONNX file: a field at byte {position} ends beyond its message")
            yield number, (position, position + length)
            position += length
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        else:
            raise ValueError(f"not an ONNX file: wire type {wire} at byte {position}")


def _packed(data: mmap.mmap, span: Span) -> list[int]:
    position, end = span
    values = []
    while position < end:
        value, position = _varint(data, position)
        values.append(value)
    return values


def _varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
