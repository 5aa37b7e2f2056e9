"""`latbench export`: models become ONNX files."""

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.options import INVOLUTION, PARC, Pin, Range, Shape
from latbench.cli.terminal import say
from latbench.errors import BadInput, LatbenchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporters.artifact import Artifact
    from latbench.pipeline.fleet import Exported
    from latbench.pipeline.own.inputs import Inputs
    from latbench.pipeline.subjects.base import Subject
    from latbench.pipeline.wish import Wish


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Zoo models, timm:NAME, package.module:factory, path/to/file.py:factory, or a .pt2 file.",
        ),
    ] = None,
    *,
    all_models: Annotated[
        bool, typer.Option("--all", help="Export the whole zoo; valid artifacts are taken as they are.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(help="Exports at a time, each a process. (default: 1; --all: 2 with CPUs and memory)"),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="With --all, export everything anew.")] = False,
    resolution: Annotated[
        int | None,
        typer.Option(help="Height and width in pixels. (default: the model's own, 224 for a factory)"),
    ] = None,
    shape: Shape = None,
    pin: Pin = None,
    range: Range = None,
    opset: Annotated[int, typer.Option(help="ONNX opset.")] = 20,
    target: Annotated[
        str, typer.Option(help="portable, or the exact form fastest in: onnxruntime, openvino, tensorrt.")
    ] = "portable",
    expand: Annotated[
        str | None, typer.Option(help="broadcast, or repeat (the published form). (default: the target's)")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="channels_last, channels_first or blocked. (default: the target's)")
    ] = None,
    parc: Annotated[str | None, typer.Option(help=f"{PARC}. (default: auto)")] = None,
    involution: Annotated[str | None, typer.Option(help=f"{INVOLUTION}. (default: auto)")] = None,
    threads: Annotated[int, typer.Option(help="Threads that a lowering left to auto is chosen for.")] = 4,
    output: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("latbench-artifacts"),
) -> None:
    """Export models to ONNX, each proven equal to the eager module, with a manifest beside it.

    Writes NAME-....onnx, .json (the manifest) and .npz (example inputs and eager fp32 outputs). A graph
    whose outputs differ is not written: exit code 4. Of several models one that fails leaves the others
    alone; those that failed are told again at the end.
    """
    from exporters.errors import ExportError, InputError
    from exporters.targets import TARGETS
    from latbench.cli.app import judged, told
    from latbench.pipeline.export import export as make
    from latbench.pipeline.options import at_least, check_opset, one_of
    from latbench.pipeline.own.inputs import Inputs
    from latbench.pipeline.plan import idle, without_effect

    check_opset(opset)
    at_least("--threads", threads, 1)
    if jobs is not None:
        at_least("--jobs", jobs, 1)
    inputs = Inputs(tuple(shape or ()), tuple(pin or ()), tuple(range or ()))
    one_of("--target", target, TARGETS)
    asked = {"expand": expand, "layout": layout, "parc": parc, "involution": involution}
    forms = {form: value for form, value in asked.items() if value is not None}
    chosen = _chosen(names or [], all_models, resolution, inputs)
    wishes = [subject.wish(target, opset, forms, threads) for subject in chosen]
    for note in (*without_effect(chosen, forms), *idle(chosen, inputs)) if names else ():
        say(note)
    if all_models or (jobs or 1) > 1:
        pairs = [(wish, subject.params) for wish, subject in zip(wishes, chosen, strict=True)]
        _together(pairs, output, jobs, fresh=fresh or not all_models)
        return
    codes = []
    for wish in wishes:
        say(f"{wish.name}: exporting it, target {target}")
        try:
            sys.stdout.write(_told(make(wish, output)))
            sys.stdout.flush()
        except (ExportError, InputError, LatbenchError) as error:
            if len(wishes) == 1:
                raise
            codes.append(told(*judged(error)))
    if codes:
        raise typer.Exit(max(codes))


def _together(
    wishes: "Sequence[tuple[Wish, int | None]]", output: Path, jobs: int | None, *, fresh: bool
) -> None:
    """Export in processes, telling of each when it ends, and at the end of those that failed."""
    from latbench.cli.app import judged, told
    from latbench.pipeline.fleet import export_all
    from latbench.pipeline.pool import default_jobs

    ended: list[Exported] = []
    count = default_jobs() if jobs is None else jobs
    begun = export_all(
        wishes, output, count, fresh=fresh, starting=lambda wish: say(f"{wish.name}: exporting it")
    )
    try:
        with closing(begun) as ends:
            for one in ends:
                ended.append(one)
                say(f"{len(ended)} of {len(wishes)}: {_ending(one)}")
                if one.artifact is not None and not one.reused:
                    sys.stdout.write(_told(one.artifact))
                    sys.stdout.flush()
    finally:
        say(_summary(ended, len(wishes)))
    codes = [told(*judged(one.error)) for one in ended if one.error is not None]
    if codes:
        raise typer.Exit(max(codes))


def _ending(one: "Exported") -> str:
    if one.error is not None:
        return f"{one.wish.name} failed"
    if one.reused or one.artifact is None:
        return f"{one.wish.name} is there already"
    peak = "" if one.peak_mib is None else f", peak memory {one.peak_mib:.0f} MiB"
    return f"{one.wish.name} exported in {one.artifact.manifest['wall_s']:.0f} s{peak}"


def _summary(ended: "Sequence[Exported]", count: int) -> str:
    failed = [one.wish.name for one in ended if one.error is not None]
    reused = sum(one.reused for one in ended)
    parts = [f"{len(ended) - reused - len(failed)} exported", f"{reused} there already"]
    parts += [f"{len(failed)} failed ({', '.join(failed)})"] if failed else ["none failed"]
    parts += [f"{count - len(ended)} not done; the same command goes on"] if len(ended) < count else []
    peaks = [one.peak_mib for one in ended if one.peak_mib is not None]
    largest = f"; the largest process took {max(peaks):.0f} MiB" if peaks else ""
    return f"Of {count}: {', '.join(parts)}{largest}."


def _chosen(names: list[str], all_models: bool, resolution: int | None, inputs: "Inputs") -> "list[Subject]":
    from latbench.pipeline.subjects import kinds, resolve
    from latbench.pipeline.subjects.zoo import whole_zoo

    if bool(names) == all_models:
        raise BadInput(
            "Name the models to export, or give --all (one of the two); `latbench list` shows the zoo."
        )
    for name in names:
        kind = next(kind for kind in kinds().values() if kind.claims(name))
        if kind.build is None and Path(name).exists():
            raise BadInput(
                f"{name} is an ONNX file already; name a zoo model, timm:NAME, package.module:factory or a "
                ".pt2 file."
            )
    found = (
        whole_zoo(resolution)
        if all_models
        else [resolve(name, resolution, inputs) for name in dict.fromkeys(names)]
    )
    for subject in found:
        if subject.refusal is not None:
            say(f"{subject.name}: left out. {subject.refusal}")
    return [subject for subject in found if subject.refusal is None]


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"


def _told(artifact: "Artifact") -> str:
    manifest = artifact.manifest
    nodes = " -> ".join(f"{sum(count.values())} {stage}" for stage, count in manifest["nodes"].items())
    parity = list(manifest["parity"].values())[-1]
    figures = ", ".join(f"{name} {value:.3g}" for name, value in parity.items() if name != "cosine")
    forms = manifest["provenance"].get("forms", "as written")
    memory = manifest["peak_memory_mib"]
    peak = "unknown" if memory is None else f"{memory:.0f} MiB"
    lines = (
        f"{artifact.path}",
        f"  target  {artifact.target}, opset {artifact.opset}, {forms}",
        *_lowered(manifest),
        *_lacked(artifact),
        f"  nodes   {nodes}",
        f"  parity  {figures}, cosine {parity['cosine']:.8g} (against eager fp32)",
        f"  sha256  {artifact.sha256}",
        f"  size    {_size(artifact.bytes)}",
        f"  cost    {manifest['wall_s']:.1f} s, peak memory {peak}",
    )
    return "".join(f"{line}\n" for line in lines)


def _lowered(manifest: "Mapping[str, Any]") -> list[str]:
    """Return a line for what circular correlations became and one for involutions, where there are any."""
    return [*_circular(manifest), *_involutions(manifest)]


def _lacked(artifact: "Artifact") -> list[str]:
    """Return a line for each operator of a graph for TensorRT that some release of it does not take."""
    from exporters.tensorrt_operators import unsupported

    if artifact.target != "tensorrt":
        return []
    return [f"  TensorRT does not take {each}" for each in unsupported(artifact.path)]


def _circular(manifest: "Mapping[str, Any]") -> list[str]:
    sites = manifest.get("sites", [])
    if not sites:
        return []
    table, asked = manifest.get("table"), sites[0]["asked"]
    threads = manifest["threads"]
    if table:
        decided = f"{asked}: {table['origin']}, {threads} thread{'s' * (threads != 1)}"
    else:
        decided = "; ".join(dict.fromkeys(site["reason"] for site in sites))
    return [f"  parc    {_used(sites)} ({decided})"]


def _involutions(manifest: "Mapping[str, Any]") -> list[str]:
    sites = manifest.get("involutions", [])
    reasons = "; ".join(dict.fromkeys(site["reason"] for site in sites))
    return [f"  involution {_used(sites)} ({reasons})"] if sites else []


def _used(sites: "Sequence[Mapping[str, Any]]") -> str:
    count = Counter(site["used"] for site in sites)
    used = ", ".join(f"{name} x{number}" for name, number in count.most_common())
    return f"{len(sites)} site{'s' * (len(sites) != 1)}: {used}"


COMMAND = Command("export", 2, export)
