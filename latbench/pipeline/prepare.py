"""The worker's tasks that make what cells need: plain JSON values in and out."""

import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from exporters import wholefile
from exporters.artifact import sha256_of
from exporters.errors import InputError
from exporters.execute import execute
from exporters.finish import versions
from latbench.errors import BadInput
from latbench.pipeline.export import build, existing, export, export_weighed, origin, younger_than_code
from latbench.pipeline.own.inputs import Inputs, generate, shapes_text
from latbench.pipeline.own.onnxfile import OnnxFile, inspect
from latbench.pipeline.own.pinned import pin
from latbench.pipeline.prepared import (
    EAGER_FP32,
    UNOPTIMISED,
    Prepared,
    add_array,
    inputs_sha256,
    of_artifact,
)
from latbench.pipeline.subjects import kinds
from latbench.pipeline.wish import SEED, Wish
from latbench.records.lock import unwritable
from latbench.runtimes.base import Source


def exported(wish: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return the `Prepared` of the artifact of a wish, exported into `folder` unless it is there already."""
    wanted = Wish.from_json(wish)
    artifact = existing(wanted, Path(folder)) or export(wanted, Path(folder))
    return of_artifact(artifact).to_json()


def anew(wish: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return {"peak_mib": ...}, the peak memory of this process once a wish is exported into `folder`."""
    return {"peak_mib": export_weighed(Wish.from_json(wish), Path(folder))[1]}


def eager(wish: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return the `Prepared` of the module of a wish as PyTorch runs it, with its own reference in `folder`.

    Its artifact_sha256 is over the names and bytes of the state_dict, the factory and its keywords.
    """
    wanted = Wish.from_json(wish)
    found = existing_eager(wanted, Path(folder))
    return (found or _made_eager(wanted, Path(folder))).to_json()


def existing_eager(wish: Wish, folder: Path, *, newest_ns: int | None = None) -> Prepared | None:
    """Return what `eager` made earlier when making it again would give the same, else None.

    `newest_ns` is what `newest_source_ns` returned, to ask it once for many.
    """
    note = folder / f"{wish.stem}.json"
    try:
        told = json.loads(note.read_text())
        current = told["provenance"] == origin(wish) and told["versions"] == versions()
        prepared = Prepared.from_json(
            {**told["prepared"], "reference": str(note.with_suffix(".npz").resolve())}
        )
        whole = inputs_sha256(note.with_suffix(".npz")) == prepared.input_sha256
    except (OSError, ValueError, KeyError, TypeError, BadZipFile):
        return None
    if not (kinds()[wish.kind].repeatable and current and whole):
        return None
    young = younger_than_code(note) if newest_ns is None else note.stat().st_mtime_ns >= newest_ns
    return prepared if young else None


def _made_eager(wish: Wish, folder: Path) -> Prepared:
    import torch

    built = build(wish)
    try:
        with torch.inference_mode():
            # A module may write into what it is given.
            outputs = _arrays(built.module(*(tensor.clone() for tensor in built.inputs)))
    except Exception as error:
        raise InputError(
            f"{wish.name} cannot run on its example input: {type(error).__name__}: {error}"
        ) from error
    arrays = {f"input:input_{index}": tensor.numpy() for index, tensor in enumerate(built.inputs)}
    path = folder / f"{wish.stem}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wholefile.write(path, _packed({**arrays, **outputs}))
        prepared = Prepared(
            source=Source("module", factory=built.factory, kwargs=dict(built.kwargs)),
            input_shape=shapes_text([tensor.shape for tensor in built.inputs]),
            artifact_sha256=_module_sha256(built.module, built.factory, built.kwargs),
            reference=str(path.resolve()),
            reference_kind=EAGER_FP32,
            input_sha256=inputs_sha256(path),
            params=sum(parameter.numel() for parameter in built.module.parameters()),
        )
        note = {"provenance": origin(wish), "versions": versions(), "prepared": prepared.to_json()}
        note["prepared"]["reference"] = path.name
        wholefile.write(path.with_suffix(".json"), json.dumps(note, indent=1).encode() + b"\n")
    except OSError as error:
        raise unwritable(path, error) from error
    return prepared


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _arrays(result: Any) -> dict[str, np.ndarray]:
    """Return the outputs of a module under the names by which the pytorch runtime tells them."""
    if isinstance(result, Mapping):
        named = dict(result)
    else:
        several = result if isinstance(result, tuple | list) else (result,)
        named = {f"output_{at}" if at else "output": tensor for at, tensor in enumerate(several)}
    return {f"output:{name}": tensor.numpy(force=True) for name, tensor in named.items()}


def _module_sha256(module: Any, factory: str, kwargs: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps([factory, dict(kwargs)], sort_keys=True).encode())
    for name, tensor in sorted(module.state_dict().items()):
        add_array(digest, name, tensor.numpy(force=True))
    return digest.hexdigest()


def reference(
    path: str, folder: str, inputs: Mapping[str, Any] | None = None, resolution: int | None = None
) -> dict[str, Any]:
    """Return the `Prepared` of an ONNX file, with seeded inputs and its unoptimised outputs in `folder`.

    Where `inputs` or a `resolution` fix an axis that it leaves open, what runs is a copy in `folder` with
    every shape fixed and every weight inside; so it is where ONNX Runtime takes the graph only with its
    weights inside, as when axes are among those in other files. The hash is over the weights that the file
    keeps in others too. Without ONNX Runtime the outputs stay unchecked. BadInput when it cannot run the
    graph as it is.
    """
    file, asked = Path(path), Inputs.from_json(inputs or {})
    known = inspect(file, asked, resolution)
    arrays = generate(known.inputs, SEED, asked)
    outputs, inlined = _unoptimised(file, arrays, known)
    given = _whole_sha256(file, known)
    copied = known.pinned or inlined
    try:
        if copied:
            file = pin(file, known, outputs or {}, Path(folder), given)
        sha256 = sha256_of(file) if copied else given
        target = Path(folder) / f"{file.stem}-{sha256[:12]}-{_short(arrays)}.npz"
        stored = {f"input:{name}": array for name, array in arrays.items()}
        stored |= {f"output:{name}": array for name, array in (outputs or {}).items()}
        target.parent.mkdir(parents=True, exist_ok=True)
        wholefile.write(target, _packed(stored))
    except OSError as error:
        raise unwritable(Path(folder), error) from error
    external = () if copied else known.external
    return Prepared(
        source=Source("onnx", path=str(file.resolve())),
        input_shape=shapes_text([one.shape for one in known.inputs]),
        artifact_path=str(file.resolve()),
        artifact_sha256=sha256,
        artifact_bytes=sum(one.stat().st_size for one in (file, *external)),
        opset=known.opset,
        reference=str(target.resolve()),
        reference_kind=None if outputs is None else UNOPTIMISED,
        input_sha256=inputs_sha256(target),
    ).to_json()


def _whole_sha256(file: Path, known: OnnxFile) -> str:
    """Return the hash of `file`, with that of each file of weights beside it where there are any."""
    if not known.external:
        return sha256_of(file)
    return hashlib.sha256("".join(map(sha256_of, (file, *known.external))).encode()).hexdigest()


def _short(arrays: Mapping[str, np.ndarray]) -> str:
    """Return a few digits that tell these inputs from others for the same file."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        add_array(digest, name, array)
    return digest.hexdigest()[:8]


def _unoptimised(
    file: Path, inputs: Mapping[str, np.ndarray], known: OnnxFile
) -> tuple[dict[str, np.ndarray] | None, bool]:
    """Return the outputs, and whether ONNX Runtime gave them only once all weights were in the model."""
    try:
        import onnxruntime  # noqa: F401 - only whether it is there
    except ImportError:
        return None, False
    try:
        return execute(str(file), inputs), False
    except Exception as error:
        if known.external:
            # No file, no onnx package, over 2 GiB, or another fault: what was said first says why.
            with suppress(Exception):
                return execute(_whole(file), inputs), True
        why = " ".join(str(error).split())[:300].rstrip(".")
        raise BadInput(f"{file} cannot be run even without optimisations: {why}; export it again.") from error


def _whole(file: Path) -> bytes:
    import onnx

    return onnx.load(file).SerializeToString()
