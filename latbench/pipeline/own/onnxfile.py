"""What must be known of somebody's ONNX file before it is run, read without the onnx package."""

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Input, Inputs, generate
from latbench.pipeline.own.ports import Axis, Port, fixes, settled
from latbench.runtimes.shared.onnxfile import Span, fields, spans

# Field numbers of onnx.proto3 in the ONNX project.
_GRAPH, _OPSET, _FUNCTION = 7, 8, 25
_NODE, _INITIALIZER, _INPUT = 1, 5, 11
_ATTRIBUTE, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH, _ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = 5, 5, 6, 10, 11
_FUNCTION_NODE = 7
_NAME, _TENSOR_NAME, _TYPE, _EXTERNAL = 1, 8, 2, 13
_TENSOR_TYPE, _ELEMENT, _SHAPE = 1, 1, 2
_DTYPES = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    4: np.uint16,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
}

LARGEST = 1 << 31
"""Bytes that a protobuf message, and so an ONNX file without its external data, can have."""

__all__ = ["Input", "OnnxFile", "generate", "inspect"]


@dataclass(frozen=True)
class OnnxFile:
    """The inputs and the opset of an ONNX file (None: it names none for the default domain).

    `external` are the files in which it keeps weights; `pinned` says that an open axis was given a size, so
    that it runs as a copy of the file in which every shape is fixed.
    """

    inputs: tuple[Input, ...]
    opset: int | None
    external: tuple[Path, ...] = ()
    pinned: bool = False


def inspect(path: Path, asked: Inputs = NONE, resolution: int | None = None) -> OnnxFile:
    """Return what the ONNX file at `path` says of itself, its open axes fixed as `asked`.

    BadInput, naming the file and the mend, when it is missing, unreadable, damaged or too large, has a
    dimension that stays open, an input latbench cannot make, or external data that lies outside the file's
    own folder or is missing.
    """
    try:
        if path.stat().st_size >= LARGEST:
            raise BadInput(
                f"{path} is over 2 GiB, which no runtime reads; save its weights as external data beside it."
            )
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _inspect(data, path, asked, resolution)
    except OSError as error:
        raise BadInput(f"Cannot read {path}: {error.strerror}; name a readable ONNX file.") from None
    except (ValueError, IndexError):
        raise BadInput(f"{path} is damaged or no ONNX file; export it again or fetch it anew.") from None


def _inspect(data: mmap.mmap, path: Path, asked: Inputs, resolution: int | None) -> OnnxFile:
    whole = (0, len(data))
    graphs, opsets = (
        list(spans(data, whole, _GRAPH)),
        [dict(fields(data, one)) for one in spans(data, whole, _OPSET)],
    )
    if not graphs or not opsets:
        raise ValueError
    external: list[Path] = []
    for function in spans(data, whole, _FUNCTION):
        _check_nodes(data, function, _FUNCTION_NODE, path, external)
    _check_graph(data, graphs[0], path, external)
    held = {
        _text(data, name)
        for tensor in spans(data, graphs[0], _INITIALIZER)
        for name in spans(data, tensor, _TENSOR_NAME)
    }
    described = (_port(data, one, path) for one in spans(data, graphs[0], _INPUT))
    ports = tuple(one for one in described if one.name not in held)
    if not ports:
        raise BadInput(f"{path} has no input, so that there is nothing to infer; export it with one.")
    default = (one.get(2) for one in opsets if 1 not in one or _text(data, _span(one[1])) in ("", "ai.onnx"))
    return OnnxFile(
        inputs=settled(ports, asked, str(path), resolution),
        opset=next((opset for opset in default if isinstance(opset, int)), None),
        external=tuple(dict.fromkeys(external)),
        pinned=fixes(ports, asked, resolution),
    )


def _check_graph(data: mmap.mmap, graph: Span, path: Path, external: list[Path]) -> None:
    for tensor in spans(data, graph, _INITIALIZER):
        _check_tensor(data, tensor, path, external)
    _check_nodes(data, graph, _NODE, path, external)


def _check_nodes(data: mmap.mmap, owner: Span, field: int, path: Path, external: list[Path]) -> None:
    for node in spans(data, owner, field):
        for attribute in spans(data, node, _ATTRIBUTE):
            for number, value in fields(data, attribute):
                if isinstance(value, int):
                    continue
                if number in (_ATTRIBUTE_TENSOR, _ATTRIBUTE_TENSORS):
                    _check_tensor(data, value, path, external)
                elif number in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS):
                    _check_graph(data, value, path, external)


def _check_tensor(data: mmap.mmap, tensor: Span, path: Path, external: list[Path]) -> None:
    for entry in spans(data, tensor, _EXTERNAL):
        found = dict(fields(data, entry))
        if 1 not in found or 2 not in found or _text(data, _span(found[1])) != "location":
            continue
        location = _text(data, _span(found[2]))
        folder = path.parent.resolve()
        target = (folder / location).resolve()
        mend = "save the model with its data in its own folder, or in one file."
        if Path(location).is_absolute() or not target.is_relative_to(folder):
            raise BadInput(f"{path} keeps weights outside its folder, in {location}; {mend}")
        if not os.path.isfile(target):  # noqa: PTH113
            raise BadInput(f"{path} keeps weights in {location}, which is missing beside it; {mend}")
        external.append(target)


def _port(data: mmap.mmap, value: Span, path: Path) -> Port:
    name = "".join(_text(data, one) for one in spans(data, value, _NAME))
    types = [one for kind in spans(data, value, _TYPE) for one in spans(data, kind, _TENSOR_TYPE)]
    if not types:
        raise BadInput(f"{path} has the input {name!r}, which is no tensor; export it with tensors only.")
    element = dict(fields(data, types[0])).get(_ELEMENT)
    if element not in _DTYPES:
        raise BadInput(f"{path} has the input {name!r} of a type latbench cannot make; export it in float32.")
    shapes = list(spans(data, types[0], _SHAPE))
    sizes: Sequence[dict[int, int | Span]] = [
        dict(fields(data, one)) for shape in shapes for one in spans(data, shape, 1)
    ]
    axes = tuple(_axis(data, size) for size in sizes)
    return Port(name, axes if shapes else None, _DTYPES[element])


def _axis(data: mmap.mmap, size: dict[int, int | Span]) -> Axis:
    fixed = size.get(1)
    if isinstance(fixed, int) and 0 < fixed < 1 << 40:
        return fixed
    return (_text(data, _span(size[2])) or None) if 2 in size else None


def _span(value: int | Span) -> Span:
    if isinstance(value, int):
        raise ValueError
    return value


def _text(data: mmap.mmap, span: Span) -> str:
    return data[slice(*span)].decode()
