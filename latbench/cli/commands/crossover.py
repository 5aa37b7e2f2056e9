"""`latbench crossover`: from which resolution on a lowering of ParC is faster than the spatial form."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latbench.cli.command import Command
from latbench.cli.options import Seed, Set
from latbench.cli.terminal import say
from latbench.errors import BadInput, EnvironmentFault, Exit

if TYPE_CHECKING:
    from latbench.studies.crossover import Answer, Asked, Grid

SIZES, NETWORK_SIZES = "7:448", "128,256,384,512"
RUNTIMES = ("onnxruntime", "openvino")
LIMIT_S = 2500.0
"""Exports included, the default sweep then ends within an hour on two CPUs."""

CURVES, RATIOS, CROSSOVERS = "curves.csv", "ratios.csv", "crossover.csv"


def crossover(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...", help="Results of an earlier crossover: show them again; of several, together."
        ),
    ] = None,
    *,
    op: Annotated[bool, typer.Option("--op", help="Single operators. (default)")] = False,
    model: Annotated[str | None, typer.Option(help="A ParC network by input resolution instead.")] = None,
    resolutions: Annotated[
        str | None,
        typer.Option(
            help=f"7:448 is 7 doubled up to 448, or a list. (default: {SIZES}; of a network {NETWORK_SIZES})"
        ),
    ] = None,
    channels: Annotated[str, typer.Option(help="Channel counts.")] = "32,64,96,192",
    axis: Annotated[str, typer.Option(help="Axes: h, w or h,w.")] = "h,w",
    device: Annotated[str, typer.Option(help="Physical device: cpu or cuda.")] = "cpu",
    runtime: Annotated[
        list[str] | None,
        typer.Option(help=f"Runtime; several times for more. (default: {' and '.join(RUNTIMES)})"),
    ] = None,
    set: Set = None,
    threads: Annotated[str, typer.Option(help="Threads: one count, or a list.")] = "1",
    context: Annotated[
        str, typer.Option(help="isolated, or network: between 1x1 convolutions.")
    ] = "isolated",
    dense: Annotated[bool, typer.Option("--dense", help="Operators in which all channels mix.")] = False,
    lowering: Annotated[
        list[str] | None,
        typer.Option(help="Only this lowering and spatial; several times for more. (default: all)"),
    ] = None,
    launches: Annotated[int, typer.Option(help="Fresh processes per subject, runtime and thread count.")] = 4,
    samples: Annotated[int, typer.Option(help="Timed inferences of a cell in a launch, at most.")] = 60,
    time_limit: Annotated[
        float, typer.Option(help="Seconds after which no further round of launches begins.")
    ] = LIMIT_S,
    memory_limit: Annotated[float, typer.Option(help="MiB of an activation; larger are skipped.")] = 128,
    seed: Seed = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew after an interruption.")] = False,
    format: Annotated[str, typer.Option(help="table, csv or json.")] = "table",
    output: Annotated[
        Path | None, typer.Option(help="Results directory. (default: latbench-results/crossover[_MODEL])")
    ] = None,
) -> int:
    """Find the resolution from which the FFT form of ParC, and its exact lowerings, beat the spatial form.

    Every lowering of one operator is timed in the same process, by turns. Three comparisons with the spatial
    form are told apart: the FFT as written (the DFT operator, or torch.fft where the module itself runs), the
    FFT lowered to real operators, and the best exact lowering. With --device cuda latencies are the device's,
    by its own clock. The results directory gets curves.csv, ratios.csv, crossover.csv and, with matplotlib,
    figures. After an interruption the same command goes on where it stopped.
    """
    from latbench.cli.tabular import FORMATS
    from latbench.pipeline.knobs import knobs_of
    from latbench.pipeline.options import OUTPUT, at_least, default_runtimes, one_of

    one_of("--format", format, FORMATS)
    if results:
        return _show_again(results, output, format)
    if op and model is not None:
        raise BadInput(f"--op and --model {model} exclude one another; leave one out.")
    from latbench.studies.crossover import Grid, sizes_of

    at_least("--launches", launches, 1)
    if not memory_limit > 0:
        raise BadInput(f"--memory-limit {memory_limit:g} leaves room for nothing; give MiB above 0.")
    grid = Grid(
        sizes=sizes_of(resolutions or (SIZES if model is None else NETWORK_SIZES)),
        channels=sizes_of(channels, "--channels"),
        axes=tuple(dict.fromkeys(part.strip().lower() for part in axis.split(","))),
        model=model,
        context=context,
        dense=dense,
        lowerings=tuple(lowering or ()),
        device=device,
        memory_limit=int(memory_limit * 2**20),
    )
    folder = output or OUTPUT / ("crossover" if model is None else f"crossover_{model}")
    run_id = _measure(
        grid,
        folder,
        runtimes=tuple(dict.fromkeys(runtime or (RUNTIMES if device == "cpu" else default_runtimes(device)))),
        threads=sizes_of(threads, "--threads"),
        launches=launches,
        samples=samples,
        time_limit=time_limit,
        seed=seed,
        fresh=fresh,
        knobs=knobs_of(set or ()),
    )
    return _show(folder, run_id, format)


def _measure(
    grid: "Grid", folder: Path, *, runtimes: tuple[str, ...], threads: tuple[int, ...], **sweeping: Any
) -> str:
    """Return the id of the run that measures `grid`, with what is not tried written beside its records."""
    from latbench.cli.measuring import attended
    from latbench.pipeline.options import FASTEST, PORTABLE
    from latbench.pipeline.sweep import Group, SweepOptions, sweep
    from latbench.records.csvfile import write_text
    from latbench.studies.crossover.untried import FILE, dump

    asked = _asked(grid, runtimes)
    if not any(one.lowerings for one in asked):
        reason = next(iter(asked[0].refused.values()))
        raise BadInput(f"Nothing is left to measure: {reason}.")
    options = SweepOptions(
        output=folder,
        runtimes=runtimes,
        threads=threads,
        groups=tuple(
            Group(one.name, one.lowerings, one.resolution, runtimes=one.runtimes)
            for one in asked
            if one.lowerings
        ),
        device=grid.device,
        target=FASTEST if grid.device == "cpu" else PORTABLE,  # one artifact for all of a GPU's runtimes
        **sweeping,
    )
    try:
        return attended(lambda watch, command: sweep(options, watch, command), folder).run_id
    finally:
        if folder.is_dir():
            write_text(dump(asked, threads, grid.device), folder / FILE)


def _asked(grid: "Grid", runtimes: tuple[str, ...]) -> "list[Asked]":
    """Return what is to be measured: all forms on runtimes that load graphs, a module's own on the others."""
    from latbench import runtimes as known

    eager = tuple(name for name in runtimes if "onnx" not in known.get(name).accepts)
    graphs = tuple(name for name in runtimes if name not in eager)
    found = [
        [replace(one, runtimes=names, eager=names is eager) for one in grid.asked(eager=names is eager)]
        for names in (graphs, eager)
        if names
    ]
    return [one for alike in zip(*found, strict=True) for one in alike]


def _show_again(folders: Sequence[Path], output: Path | None, format: str) -> int:
    """Return the exit code of showing what `folders` hold, in the only one or in `output`."""
    from latbench.records import RECORDS, Records, read
    from latbench.records.lock import unwritable
    from latbench.studies.crossover import answer, measured, together
    from latbench.studies.crossover.untried import FILE

    if len(folders) == 1 and output is None:
        return _show(folders[0], None, format)
    if output is None:
        raise BadInput("Several results directories need --output DIR for what is made of them together.")
    if any((output / name).exists() for name in (RECORDS, FILE)):
        raise BadInput(f"--output {output} holds results of its own; name a directory that holds none.")
    parts = {}
    for folder in folders:
        parts[str(folder)] = (*measured(read(folder)), *_untried(folder))
        if not parts[str(folder)]:
            raise BadInput(_NONE.format(folder))
    cells = together(parts)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(output, error) from None
    return _told(answer(Records(), None, cells), output, format)


def _show(folder: Path, run_id: str | None, format: str) -> int:
    """Return the exit code, after writing the CSVs and figures into `folder` and telling the answer."""
    from latbench.records import read
    from latbench.studies.crossover import answer

    found = answer(read(folder), run_id, _untried(folder))
    if not found.crossovers:
        raise BadInput(_NONE.format(folder))
    return _told(found, folder, format)


_NONE = "{} holds no crossover; name a directory that `latbench crossover` wrote."


def _told(found: "Answer", folder: Path, format: str) -> int:
    from latbench.cli.tabular import render
    from latbench.studies.crossover import sentences

    written = _written(found, folder)
    shown = [short(row) for row in found.crossovers] if format == "table" else found.crossovers
    sys.stdout.write(render(shown, format))
    told = "\n".join(sentences(found.crossovers))
    if format == "table":
        sys.stdout.write(f"\n{told}\n")
    else:
        say(told)
    say(f"\n{folder} holds {', '.join(path.name for path in written)}.")
    measured = any(row["interval"] is not None for row in found.crossovers)
    return Exit.OK if measured else Exit.ROWS_NOT_OK


def _untried(folder: Path) -> "Sequence[Any]":
    from latbench.studies.crossover.untried import FILE, load

    path = folder / FILE
    try:
        return load(path.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise BadInput(f"Cannot read {path} ({error}); restore or delete it.") from None


def _written(found: "Answer", folder: Path) -> list[Path]:
    """Return the files written: the CSVs, and the figures where matplotlib is installed."""
    from latbench.cli.tabular import render
    from latbench.records.csvfile import write_text
    from latbench.reports.plot_crossover import draw

    named = {CURVES: found.curves, RATIOS: found.ratios, CROSSOVERS: found.crossovers}
    paths = []
    for name, rows in named.items():
        write_text(render([_plain(row) for row in rows], "csv"), folder / name)
        paths.append(folder / name)
    try:
        paths += draw(found.curves, found.ratios, found.crossovers, folder)
    except EnvironmentFault as fault:
        say(f"Note: {fault}")
    return paths


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return `row` with true and false as every other CSV here writes them."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}


def short(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a crossover that fit a terminal, its figures to three digits."""
    return {
        "comparison": row["comparison"],
        "runtime": row["runtime"],
        **({"model": row["model"]} if row["model"] else {"axis": row["axis"], "channels": row["channels"]}),
        "context": row["context"],
        "threads": row["threads"],
        "crossover": row["interval"] if row["interval"] is not None else row["kind"],
        "from": row["smallest"],
        "ratio": _interval(row, "smallest"),
        "to": row["largest"],
        "ratio there": _interval(row, "largest"),
        "with": row["lowering_largest"],
    }


def _interval(row: Mapping[str, Any], end: str) -> str | None:
    value, low, high = (row[f"ratio_{end}{part}"] for part in ("", "_ci95_low", "_ci95_high"))
    if value is None:
        return None
    return f"{value:.3g}" if low is None else f"{value:.3g} [{low:.3g}, {high:.3g}]"


COMMAND = Command("crossover", 7, crossover)
