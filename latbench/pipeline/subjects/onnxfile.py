"""One's own ONNX files."""

import os
from pathlib import Path

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Inputs, shapes_text
from latbench.pipeline.own.onnxfile import inspect
from latbench.pipeline.subjects.base import ONNX, Kind, Subject

SUFFIX = ".onnx"


def _claims(name: str) -> bool:
    path, _, _ = name.partition("(")
    return name.lower().endswith(SUFFIX) or (os.sep in path and ":" not in path and not path.endswith(".pt2"))


def _open(name: str, resolution: int | None) -> Subject:
    return _fed(name, resolution, NONE)


def _fed(name: str, resolution: int | None, inputs: Inputs) -> Subject:
    path = Path(name)
    if not path.is_file():
        raise BadInput(f"There is no file {name}; name an existing {SUFFIX} file.")
    if path.suffix.lower() != SUFFIX:
        raise BadInput(
            f"{name} is no {SUFFIX} file; name one, a model of the zoo, or package.module:factory."
        )
    shapes = [one.shape for one in inspect(path, inputs, resolution).inputs]
    square = len(shapes[0]) == 4 and shapes[0][2] == shapes[0][3]
    return Subject(
        kind=KIND.name,
        name=name,
        gives=frozenset({ONNX}),
        resolution=shapes[0][2] if square else None,
        input_shape=shapes_text(shapes),
        inputs=inputs,
    )


KIND = Kind("onnxfile", 0, _claims, _open, fed=_fed)
