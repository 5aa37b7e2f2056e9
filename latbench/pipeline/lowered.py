"""The worker's tasks of a sweep: every form of many subjects as artifacts, and the empty graph."""

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters import wholefile
from exporters.artifact import Artifact
from exporters.capture import OLDEST_OPSET
from exporters.errors import ExportError, InputError
from exporters.lowerings.name import AUTO, FFT
from latbench.errors import BadInput
from latbench.measure.group import PARENT
from latbench.measure.scratch import scratch
from latbench.pipeline.export import build, existing, export_built
from latbench.pipeline.prepare import eager, existing_eager
from latbench.pipeline.prepared import of_artifact
from latbench.pipeline.subjects.base import INVOLUTION, PARC, Built
from latbench.pipeline.wish import EAGER, Wish

if TYPE_CHECKING:
    from exporters.capture import Captured


EMPTY = "empty"
NOTE = ".structure"

Outcome = dict[str, Any]
"""{"prepared": fields of a `Prepared`}, for artifacts with "structure" and "sites", or {"failed": reason}."""


def lowered(jobs: Sequence[Mapping[str, Any]], folder: str) -> dict[str, Any]:
    """Return {"outcomes": [[an `Outcome` for each wish of a job], ...]}, artifacts left in `folder`.

    A job is {"wishes": those of one subject, "large": whether it needs the memory for itself}. A second
    process takes half of those that are not large; what it leaves undone, as all after a crash, is done here.
    """
    small = [at for at, job in enumerate(jobs) if not job["large"]]
    theirs = small[1::2]
    found: dict[int, list[Outcome]] = {}
    with scratch() as room, _helper([jobs[at] for at in theirs], folder, room) as answered:
        found |= {at: _subject(jobs[at], folder) for at in small[0::2]}
        found |= zip(theirs, answered(), strict=False)
    missing = [at for at in range(len(jobs)) if at not in found]
    found |= {at: _subject(jobs[at], folder) for at in missing}
    return {"outcomes": [found[at] for at in range(len(jobs))]}


@contextmanager
def _helper(
    jobs: Sequence[Mapping[str, Any]], folder: str, room: Path
) -> Iterator[Callable[[], list[list[Outcome]]]]:
    """Yield what waits for the outcomes of `jobs`, done meanwhile by a process that ends with this one."""
    if not jobs:
        yield list
        return
    asked, answered = room / "request.json", room / "answer.json"
    asked.write_text(json.dumps({"task": "subjects", "arguments": {"jobs": jobs, "folder": folder}}))
    command = [sys.executable, "-m", "latbench.pipeline.worker", str(asked), str(answered)]
    environ = {**os.environ, PARENT: str(os.getpid())}
    # In the group of this process: whoever ends the group ends both.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environ)

    def outcomes() -> list[list[Outcome]]:
        process.wait()
        try:
            return list(json.loads(answered.read_bytes())["value"]["outcomes"])
        except (OSError, ValueError, KeyError):
            return []

    try:
        yield outcomes
    finally:
        process.kill()
        process.wait()


def subjects(jobs: Sequence[Mapping[str, Any]], folder: str) -> dict[str, Any]:
    """Return what `lowered` returns, the jobs done one after the other."""
    return {"outcomes": [_subject(job, folder) for job in jobs]}


def _subject(job: Mapping[str, Any], folder: str) -> list[Outcome]:
    making = _Making(Path(folder))
    return [_outcome(making, Wish.from_json(wish), folder) for wish in job["wishes"]]


def _outcome(making: "_Making", wish: Wish, folder: str) -> Outcome:
    try:
        if wish.target == EAGER:
            return {"prepared": eager(wish.to_json(), folder)}
        return of(making.artifact(wish))
    except (BadInput, InputError, ExportError) as error:
        return {"failed": str(error)}


class _Making:
    """Artifacts of one subject: the module and its captured graph are kept between its lowerings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[Any, ...], tuple[Built, Captured]] = {}
        self._reference: Path | None = None

    def artifact(self, wish: Wish) -> Artifact:
        """Return the artifact of one wish; raises as `export` does."""
        found = existing(wish, self._folder) or self._made(wish)
        self._share(found)
        return found

    def _made(self, wish: Wish) -> Artifact:
        from exporters.capture import capture

        # A lowering is chosen after the capture: all but the module's own FFT form share one graph.
        forms = {**wish.forms}
        if PARC in forms and forms[PARC] != FFT:
            forms[PARC] = AUTO
        if INVOLUTION in forms:
            forms[INVOLUTION] = AUTO
        key = (*sorted(forms.items()), wish.opset)
        if key not in self._kept:
            built = build(wish)
            self._kept[key] = built, capture(built.module, built.inputs, wish.opset)
        built, captured = self._kept[key]
        return export_built(wish, built, self._folder, captured=captured)

    def _share(self, artifact: Artifact) -> None:
        """Keep the reference on the disk once, where that of the subject's other forms has the same bytes."""
        path, first = artifact.reference, self._reference
        if first is None:
            self._reference = path
        elif not path.samefile(first) and _same(path, first):
            spare = path.with_suffix(".link")
            spare.unlink(missing_ok=True)
            os.link(first, spare)
            spare.replace(path)


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    digests = []
    for path in (one, other):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").digest())
    return digests[0] == digests[1]


def of(artifact: Artifact) -> Outcome:
    """Return the outcome that is an artifact: what cells need, the hash of its graph, and its sites."""
    sites = artifact.manifest.get("sites", [])
    return {"prepared": of_artifact(artifact).to_json(), "structure": structure(artifact), "sites": sites}


def known(wish: Wish, folder: Path) -> Outcome | None:
    """Return the outcome of a wish met earlier, None where something is to be made; needs no ONNX."""
    if wish.target == EAGER:
        ready = existing_eager(wish, folder)
        return None if ready is None else {"prepared": ready.to_json()}
    artifact = existing(wish, folder)
    return None if artifact is None or _noted(artifact) is None else of(artifact)


def structure(artifact: Artifact) -> str:
    """Return a hash of what a graph computes: equal for two that differ in names and notes alone.

    It is over operators, attributes, constants and who feeds whom, and kept beside the file.
    """
    noted = _noted(artifact)
    if noted is None:
        noted = _hashed(artifact.path)
        text = json.dumps({"sha256": artifact.sha256, "structure": noted})
        wholefile.write(artifact.path.with_suffix(NOTE), text.encode())
    return noted


def _noted(artifact: Artifact) -> str | None:
    try:
        told = json.loads(artifact.path.with_suffix(NOTE).read_bytes())
        return str(told["structure"]) if told["sha256"] == artifact.sha256 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hashed(path: Path) -> str:
    import onnx

    graph = onnx.load(path).graph
    names: dict[str, str] = {"": ""}
    for tensor in graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        digest = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
        names[tensor.name] = f"{array.dtype} {array.shape} {digest}"
    for value in graph.input:
        names.setdefault(value.name, f"input {len(names)}")
    whole = hashlib.sha256()
    for number, node in enumerate(graph.node):
        attributes = sorted(attribute.SerializeToString(deterministic=True) for attribute in node.attribute)
        fed = [names.get(name, "?") for name in node.input]
        whole.update(repr((node.domain, node.op_type, attributes, fed, len(node.output))).encode())
        names |= {name: f"node {number}.{at}" for at, name in enumerate(node.output)}
    return whole.hexdigest()


def empty(folder: str) -> dict[str, Any]:
    """Return {}, having written the graph that computes nothing, `EMPTY`.onnx, with its reference."""
    from onnx import helper

    given, made = (helper.make_tensor_value_info(name, 1, (1, 1, 1, 1)) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], EMPTY, [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OLDEST_OPSET)], ir_version=8)
    buffer, ones = io.BytesIO(), np.ones((1, 1, 1, 1), np.float32)
    arrays: dict[str, Any] = {"input:x": ones, "output:y": ones}
    np.savez(buffer, **arrays)
    path = Path(folder) / f"{EMPTY}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {path.with_suffix(".npz"): buffer.getvalue(), path: model.SerializeToString()}
    wholefile.write_together(files)
    return {}
