"""What a crosscheck is to compare: the cells of one model that a tool can time too."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from latbench import runtimes
from latbench.crosscheck.agreement import Row, skipped
from latbench.crosscheck.base import Tool
from latbench.crosscheck.session import Pair
from latbench.crosscheck.tools import tools
from latbench.errors import EnvironmentFault
from latbench.pipeline.child import WorkerDied, call
from latbench.pipeline.options import RunOptions, one_of
from latbench.pipeline.plan import Planned, Preparation, idle, subjects, wanted
from latbench.pipeline.survey import ONE_THREAD
from latbench.pipeline.watch import Watch
from latbench.runtimes.base import Availability


def chosen(names: Sequence[str], of_runtimes: Sequence[str]) -> tuple[Tool, ...]:
    """Return the tools called `names` (none: all) that belong to `of_runtimes` (none: any).

    BadInput for a name that does not exist, or when nothing is left.
    """
    known = tools()
    for name in names:
        one_of("--tool", name, known)
    kinds = sorted({tool.runtime for tool in known.values()})
    for runtime in of_runtimes:
        one_of("--runtime", runtime, kinds)
    left = tuple(
        tool
        for tool in known.values()
        if (not names or tool.name in names) and (not of_runtimes or tool.runtime in of_runtimes)
    )
    if not left:
        one_of("--tool", names[0], [tool.name for tool in known.values() if tool.runtime in of_runtimes])
    return left


def planned(
    model: str, options: RunOptions, using: Iterable[Tool], watch: Watch
) -> tuple[tuple[Pair, ...], tuple[Row, ...]]:
    """Return the pairs that can be compared here, their artifacts made, and a row for each other tool.

    EnvironmentFault when none can; BadInput when the model cannot be used.
    """
    candidates, missing = [], []
    for tool in using:
        found = tool.check()
        if found.available:
            candidates.append((tool, found.version))
        else:
            missing.append(skipped(tool.name, tool.runtime, model, f"{found.reason}; mend: {found.mend}"))
    cells = _cells(options, [tool.runtime for tool, _ in candidates], watch) if candidates else {}
    pairs = []
    for tool, version in candidates:
        one = cells[tool.runtime]
        if one.verdict is None:
            pairs.append(Pair(tool, one.cell, version))
        else:
            missing.append(skipped(tool.name, tool.runtime, one.cell.model, one.verdict.reason))
    if not pairs:
        why = ". ".join(f"{row['tool']}: {row['reason']}" for row in missing)
        raise EnvironmentFault(f"Nothing can be compared here. {why}.")
    return tuple(pairs), tuple(missing)


def _cells(options: RunOptions, names: Sequence[str], watch: Watch) -> dict[str, Planned]:
    """Return the cell of each runtime of `names`: on the CPU, or on a GPU where it knows nothing else."""
    found: dict[str, Planned] = {}
    for device in ("cpu", "cuda"):
        those = tuple(name for name in dict.fromkeys(names) if _device(name) == device)
        if those:
            found |= _cells_on(replace(options, runtimes=those, device=device), watch)
    return found


def _device(runtime: str) -> str:
    return "cpu" if "cpu" in runtimes.get(runtime).devices else "cuda"


def _cells_on(asked: RunOptions, watch: Watch) -> dict[str, Planned]:
    subject = subjects(asked)
    idle(subject, asked.inputs)  # refuses what a model with its own inputs cannot take
    try:
        told = call("survey", {"names": list(asked.runtimes), "device": asked.device}, ONE_THREAD)
    except WorkerDied as error:
        raise EnvironmentFault(
            f"A process that imports {', '.join(asked.runtimes)} died ({error}); reinstall them, or name "
            "the one that works with --runtime."
        ) from error
    available = {name: Availability(**found) for name, found in told["available"].items()}
    plan = Preparation(asked.output, watch).plan(wanted(subject, asked, available))
    return {one.cell.runtime: one for one in plan}


def fresh_folder(output: Path, stamp: str) -> Path:
    """Return a folder under the results directory for a session begun at `stamp`; it does not exist yet."""
    folder, number = output / f"crosscheck-{stamp}", 1
    while folder.exists():
        number += 1
        folder = output / f"crosscheck-{stamp}-{number}"
    return folder
