"""One's own ONNX files."""

import os
from pathlib import Path

from latbench.errors import BadInput
from latbench.pipeline.onnxfile import inspect
from latbench.pipeline.subjects.base import ONNX, Kind, Subject

SUFFIX = ".onnx"


def _claims(name: str) -> bool:
    return name.lower().endswith(SUFFIX) or os.sep in name


def _open(name: str, resolution: int | None) -> Subject:
    path = Path(name)
    if not path.is_file():
        raise BadInput(f"There is no file {name}; name an existing {SUFFIX} file.")
    if path.suffix.lower() != SUFFIX:
        raise BadInput(
            f"{name} is no {SUFFIX} file; name one, a model of the zoo, or package.module:factory."
        )
    shape = inspect(path).inputs[0].shape
    square = len(shape) == 4 and shape[2] == shape[3]
    if resolution is not None and not (square and shape[2] == resolution):
        text = "x".join(map(str, shape))
        raise BadInput(
            f"{name} has the fixed input {text}; --resolution {resolution} cannot apply, leave it out."
        )
    return Subject(
        kind=KIND.name,
        name=name,
        gives=frozenset({ONNX}),
        resolution=shape[2] if square else None,
        input_shape="x".join(map(str, shape)),
    )


KIND = Kind("onnxfile", 0, _claims, _open)
