"""`latbench list`: the zoo."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from latbench.zoo.spec import ModelSpec


def list_models(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Only these models.")] = None,
    *,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
) -> None:
    """List the models of the zoo with their published figures, and say whether those of timm can be built.

    Resolution in pixels; params and macs (multiply-accumulates of one image; FLOPs are twice that) are
    counts, macs without what csv and json name in macs_not_counted and with a ParC as its convolution; top1
    is the published ImageNet-1k accuracy in percent; from is the package whose code the network is.
    """
    from latbench.cli.tabular import render
    from latbench.zoo.registry import models, spec

    chosen = [spec(name) for name in names] if names else models()
    rows = [_row(model) | ({} if format == "table" else _details(model)) for model in chosen]
    sys.stdout.write(render(rows, format))
    if format == "table":
        for words in dict.fromkeys(model.macs_not_counted for model in chosen):
            say(f"MACs do not count: {words}.")
        for words in () if names else _from_timm(chosen):
            say(words)


def _details(model: Any) -> dict[str, Any]:
    return {
        "macs_not_counted": model.macs_not_counted,
        "top1_source": model.top1_source,
        "evidence_why": model.evidence.why,
        "code": model.code,
        "commit": model.commit,
    }


def _row(model: Any) -> dict[str, Any]:
    return {
        "name": model.name,
        "family": model.family,
        "resolution": model.resolution,
        "params": model.params,
        "macs": model.macs,
        "top1": model.top1,
        "evidence": model.evidence.label,
        "from": model.package,
        "source": model.paper,
    }


def _from_timm(chosen: "Sequence[ModelSpec]") -> list[str]:
    """Return what there is to say of timm: how many models it has, or why none and how to get it."""
    from latbench.zoo.timm_import import how_many, installed, missing

    if lack := missing():
        return [f"The models from timm, and timm:NAME, cannot be built here: {lack}."]
    other = (model.missing() for model in chosen if model.package == "timm")
    told = [f"None of the models from timm can be built here: {lack}" for lack in other if lack][:1]
    count, version = how_many(), installed()
    return [*told, f"timm:NAME is any of the {count} models of timm {version}, such as timm:resnet18."]


COMMAND = Command("list", 1, list_models)
