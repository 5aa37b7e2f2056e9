"""`latbench export`: models become ONNX files."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.options import PARC
from latbench.cli.terminal import say
from latbench.errors import BadInput, LatbenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporters.artifact import Artifact
    from latbench.pipeline.subjects.base import Subject


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Models of the zoo, or package.module:factory."),
    ] = None,
    *,
    all_models: Annotated[bool, typer.Option("--all", help="Export the whole zoo.")] = False,
    resolution: Annotated[
        int | None,
        typer.Option(help="Height and width in pixels. (default: the model's own, 224 for a factory)"),
    ] = None,
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
    threads: Annotated[int, typer.Option(help="Threads that a lowering left to auto is chosen for.")] = 4,
    output: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("latbench-artifacts"),
) -> None:
    """Export models to ONNX, each proven equal to the eager module, with a manifest beside it.

    Writes NAME-....onnx, .json (the manifest) and .npz (example inputs and eager fp32 outputs). A graph
    whose outputs differ is not written: exit code 4.
    """
    from exporters.errors import ExportError, InputError
    from exporters.targets import TARGETS
    from latbench.cli.app import judged, told
    from latbench.pipeline.export import export as make
    from latbench.pipeline.options import at_least, check_opset, one_of
    from latbench.pipeline.plan import without_effect

    check_opset(opset)
    at_least("--threads", threads, 1)
    one_of("--target", target, TARGETS)
    asked = {"expand": expand, "layout": layout, "parc": parc}
    forms = {form: value for form, value in asked.items() if value is not None}
    chosen = _chosen(names or [], all_models, resolution)
    wishes = [subject.wish(target, opset, forms, threads) for subject in chosen]
    for note in without_effect(chosen, forms) if names else ():
        say(note)
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


def _chosen(names: list[str], all_models: bool, resolution: int | None) -> "list[Subject]":
    from latbench.pipeline.subjects import kinds, resolve
    from latbench.pipeline.subjects.zoo import whole_zoo

    if bool(names) == all_models:
        raise BadInput(
            "Name the models to export, or give --all (one of the two); `latbench list` shows the zoo."
        )
    found = (
        whole_zoo(resolution) if all_models else [resolve(name, resolution) for name in dict.fromkeys(names)]
    )
    for subject in found:
        if kinds()[subject.kind].build is None:
            raise BadInput(
                f"{subject.name} is an ONNX file already; name a zoo model or package.module:factory."
            )
        if subject.refusal is not None:
            say(f"{subject.name}: left out. {subject.refusal}")
    return [subject for subject in found if subject.refusal is None]


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
        f"  nodes   {nodes}",
        f"  parity  {figures}, cosine {parity['cosine']:.8g} (against eager fp32)",
        f"  sha256  {artifact.sha256}",
        f"  size    {artifact.bytes / 2**20:.1f} MiB",
        f"  cost    {manifest['wall_s']:.1f} s, peak memory {peak}",
    )
    return "".join(f"{line}\n" for line in lines)


def _lowered(manifest: "Mapping[str, Any]") -> list[str]:
    """Return the line that tells what the circular correlations became, none for a graph without any."""
    sites = manifest.get("sites", [])
    if not sites:
        return []
    count = Counter(site["used"] for site in sites)
    used = ", ".join(f"{name} x{number}" for name, number in count.most_common())
    table, asked = manifest.get("table"), sites[0]["asked"]
    threads = manifest["threads"]
    if table:
        decided = f"{asked}: {table['origin']}, {threads} thread{'s' * (threads != 1)}"
    else:
        decided = "; ".join(dict.fromkeys(site["reason"] for site in sites))
    return [f"  parc    {len(sites)} site{'s' * (len(sites) != 1)}: {used} ({decided})"]


COMMAND = Command("export", 2, export)
