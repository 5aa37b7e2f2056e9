"""`latbench list`: the zoo."""

import sys
from typing import Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.terminal import say


def list_models(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Only these models.")] = None,
    *,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
) -> None:
    """List the models of the zoo with their published figures.

    Resolution in pixels; params and macs (multiply-accumulates of one image; FLOPs are twice that) are
    counts, macs without what csv and json name in macs_not_counted and with a ParC as its convolution; top1
    is the published ImageNet-1k accuracy in percent.
    """
    from latbench.cli.tabular import render
    from latbench.zoo.registry import models, spec

    chosen = [spec(name) for name in names] if names else models()
    rows = [_row(model) | ({} if format == "table" else _details(model)) for model in chosen]
    sys.stdout.write(render(rows, format))
    if format == "table":
        for words in dict.fromkeys(model.macs_not_counted for model in chosen):
            say(f"MACs do not count: {words}.")


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
        "source": model.paper,
    }


COMMAND = Command("list", 1, list_models)
