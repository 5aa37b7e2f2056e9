"""Somebody's ONNX file with every shape fixed: a copy that every runtime compiles for these sizes alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exporters import wholefile
from exporters.export import LARGEST
from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.own.onnxfile import OnnxFile

if TYPE_CHECKING:
    import onnx


def pin(path: Path, known: OnnxFile, outputs: Mapping[str, np.ndarray], folder: Path, sha256: str) -> Path:
    """Return a copy in `folder` of the ONNX file at `path` (hash `sha256`), its inputs as in `known`.

    Shapes in between are inferred anew; an output whose shape does not follow gets that of `outputs`, which
    the file gave. Weights kept beside the file are in the copy. BadInput for a file of 2 GiB or more,
    EnvironmentFault without the onnx package, OSError when the copy cannot be written.
    """
    held = sum(one.stat().st_size for one in (path, *known.external))
    if held >= LARGEST:
        raise BadInput(
            f"{path} has {held / 2**30:.1f} GiB, and a copy with fixed shapes must be below 2 GiB; export it "
            "with fixed shapes instead."
        )
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            f"Fixing the shapes of {path} needs the onnx package: pip install 'latbench[export]'."
        ) from error
    model = onnx.load(path)
    sizes = {one.name: one.shape for one in known.inputs}
    for value in model.graph.input:
        if value.name in sizes:
            _fix(value, sizes[value.name])
    del model.graph.value_info[:]
    for value in model.graph.output:
        for axis in value.type.tensor_type.shape.dim:
            axis.ClearField("dim_param")
    model = onnx.shape_inference.infer_shapes(model)
    for value in model.graph.output:
        dims = value.type.tensor_type.shape.dim
        if value.name in outputs and not all(axis.HasField("dim_value") for axis in dims):
            _fix(value, outputs[value.name].shape)
    text = "_".join("x".join(map(str, one.shape)) for one in known.inputs)
    copy = folder / f"{path.stem}-{sha256[:12]}-{text[:80]}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    wholefile.write(copy, model.SerializeToString(deterministic=True))
    return copy


def _fix(value: "onnx.ValueInfoProto", sizes: tuple[int, ...]) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    shape.SetInParent()
    for size in sizes:
        shape.dim.add().dim_value = size
