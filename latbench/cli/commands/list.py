"""`latbench list`: the zoo."""

import sys
from typing import Annotated, Any

import typer

from latbench.cli.command import Command


def list_models(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these models.")] = None,
    *,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
) -> None:
    """List the models of the zoo with their published figures.

    Resolution in pixels; params and macs (multiply-accumulates of one image; FLOPs are twice that) are
    counts; top1 is the published ImageNet-1k accuracy in percent.
    """
    from latbench.cli.tabular import render
    from latbench.zoo.registry import models, spec

    chosen = [spec(name) for name in names] if names else models()
    sys.stdout.write(render([_row(model) for model in chosen], format))


def _row(model: Any) -> dict[str, Any]:
    return {
        "name": model.name,
        "family": model.family,
        "resolution": model.resolution,
        "params": model.params,
        "macs": model.macs,
        "top1": model.top1,
        "evidence": model.evidence.label,
        "source": model.paper,
    }


COMMAND = Command("list", 1, list_models)
