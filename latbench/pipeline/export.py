"""Exports: a wish becomes an artifact, or the one made earlier is found again."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import exporters
import latbench
from exporters.artifact import Artifact, load
from exporters.lowerings.name import AUTO
from exporters.memory import peak_mib
from latbench.errors import BadInput, EnvironmentFault
from latbench.machine import cpuinfo
from latbench.machine.files import Tree
from latbench.pipeline.subjects import kinds
from latbench.pipeline.subjects.base import INVOLUTION, PARC, Built
from latbench.pipeline.tables import in_use, own
from latbench.pipeline.wish import Wish
from latbench.records.lock import unwritable

if TYPE_CHECKING:
    from exporters.capture import Captured

_NEEDED = ("torch", "onnx", "onnxscript", "onnxsim", "onnxruntime")


def build(wish: Wish) -> Built:
    """Return the module that is wished for, with example inputs; needs PyTorch.

    BadInput when it is one's own and cannot be made, EnvironmentFault without PyTorch.
    """
    make = kinds()[wish.kind].build
    if make is None:
        raise BadInput(
            f"{wish.name} is already an ONNX file; name a zoo model, package.module:factory or a .pt2 file."
        )
    return make(wish)


def export(wish: Wish, output: Path) -> Artifact:
    """Return the artifact of `wish`, written to the folder `output` and never taken from an earlier export.

    Raises ExportError when the gate refuses it, InputError or BadInput when the wish cannot be met, and
    EnvironmentFault without the packages it takes or when `output` cannot be written.
    """
    return export_weighed(wish, output)[0]


def export_weighed(wish: Wish, output: Path) -> tuple[Artifact, float | None]:
    """Return what `export` does, and the peak resident memory of this process in MiB, None where unknown.

    The manifest's is that since the export's start; building the module and counting its MACs come before,
    and what they took at their peak counts here too.
    """
    _check_packages(wish)
    built = build(wish)
    counts, before = _counts(built), peak_mib()
    artifact = export_built(wish, built, output, counts=counts)
    told = [peak for peak in (before, peak_mib()) if peak is not None]
    return artifact, max(told, default=None)


def export_built(
    wish: Wish,
    built: Built,
    output: Path,
    captured: "Captured | None" = None,
    counts: Mapping[str, int] | None = None,
) -> Artifact:
    """Return the artifact of `wish` from what `build` made of it, raising as `export` does.

    `captured` is the graph of that module where another wish has captured it already, `counts` are its
    parameters and MACs where they are known.
    """
    told = _counts(built) if counts is None else counts
    provenance = origin(wish) | {name: str(count) for name, count in told.items()}
    try:
        output.mkdir(parents=True, exist_ok=True)
        return exporters.export(
            built.module,
            built.inputs,
            name=wish.name,
            output=output,
            opset=wish.opset,
            target=wish.target,
            stem=wish.stem,
            provenance=provenance,
            lowering=wish.forms.get(PARC, AUTO),
            involution=wish.forms.get(INVOLUTION, AUTO),
            threads=wish.threads or 1,
            table=own() if wish.forms.get(PARC, AUTO) == AUTO else None,
            machine=cpuinfo.model(Tree()),
            captured=captured,
            input_names=built.input_names,
            output_names=built.output_names,
        )
    except OSError as error:
        raise unwritable(output / f"{wish.stem}.onnx", error) from error


def existing(
    wish: Wish, output: Path, *, newest_ns: int | None = None, hashed: bool = True
) -> Artifact | None:
    """Return the artifact of `wish` in the folder `output` if making it again would give the same, else None.

    Its manifest must state this origin, target, opset, the versions installed now and the table of lowerings
    in use, its hash must be right, and it must be younger than the code that makes it; where nothing can be
    exported, its origin and hash suffice. `newest_ns` is what `newest_source_ns` returned, to ask it once for
    many; not `hashed`, the file's size stands for its hash. Imports neither PyTorch nor ONNX.
    """
    if not kinds()[wish.kind].repeatable:
        return None
    artifact = load(output / f"{wish.stem}.onnx", hashed=hashed)
    if artifact is None or (artifact.target, artifact.opset) != (wish.target, wish.opset):
        return None
    stated = artifact.manifest["provenance"]
    same = all(stated.get(key) == value for key, value in origin(wish).items())
    told = artifact.manifest["versions"].items()
    current = (
        all(_installed(name) == version for name, version in told)
        and (younger_than_code(artifact.path) if newest_ns is None else _written_ns(artifact) >= newest_ns)
        and _same_table(artifact)
    )
    return artifact if same and (current or missing_packages()) else None


def origin(wish: Wish) -> dict[str, str]:
    """Return the provenance of a wish, with the versions of other packages whose code makes its module."""
    return {**wish.provenance, **kinds()[wish.kind].packages(wish.name)}


def _same_table(artifact: Artifact) -> bool:
    """Tell whether the table that chose the lowerings of `artifact`, if one did, is the one in use now."""
    table = artifact.manifest.get("table")
    return table is None or table["sha256"] == in_use().sha256


def counted(stated: Any, name: str) -> int | None:
    """Return the count `name` ("params", "macs") that a provenance states, None where it does not."""
    return int(stated[name]) if name in stated else None


def newest_source_ns() -> int:
    """Return when the newest source file of the zoo and the exporters was written, in ns since the epoch."""
    package = Path(latbench.__file__).parent
    folders = (Path(exporters.__file__).parent, package / "zoo", package / "pipeline" / "subjects")
    return max(source.stat().st_mtime_ns for folder in folders for source in folder.rglob("*.py"))


def younger_than_code(path: Path) -> bool:
    """Tell whether `path` was written after every source file of the zoo and the exporters."""
    return path.stat().st_mtime_ns >= newest_source_ns()


def _written_ns(artifact: Artifact) -> int:
    return artifact.path.stat().st_mtime_ns


def _counts(built: Built) -> dict[str, int]:
    """Return params, and the MACs where the module takes one square image and can be counted."""
    from latbench.zoo.counts import count

    params = {"params": sum(parameter.numel() for parameter in built.module.parameters())}
    shape = tuple(built.inputs[0].shape)
    if len(built.inputs) != 1 or len(shape) != 4 or shape[:2] != (1, 3) or shape[2] != shape[3]:
        return params
    try:
        macs = count(built.module, shape[2]).macs
        return params if macs is None else params | {"macs": macs}
    except Exception:  # somebody's module may do what the counter cannot follow: then the count is unknown
        return params


def missing_packages() -> str | None:
    """Return what an export lacks here and the line that mends it, None when nothing is missing."""
    missing = [name for name in _NEEDED if _installed(name) is None]
    return f"{', '.join(missing)} missing; pip install 'latbench[export]'" if missing else None


def _check_packages(wish: Wish) -> None:
    missing = missing_packages()
    if missing:
        raise EnvironmentFault(f"{wish.name} cannot be exported here: {missing}.")


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
