"""Cells measured side by side, in one session of ABBA blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from latbench.errors import BadInput
from latbench.measure.spawn import launch as spawn
from latbench.pipeline.cellname import OWN_INPUTS, CellName, parse
from latbench.pipeline.execute import Launcher
from latbench.pipeline.inputs import Inputs
from latbench.pipeline.options import RunOptions
from latbench.pipeline.run import run_parts
from latbench.pipeline.watch import Watch
from latbench.records import read
from latbench.records.compare.outcome import Comparison
from latbench.records.compare.session import ABBA, compare_session

BLOCKS, PER_LAUNCH = 10, 100
"""What a session has when nothing else is asked for: blocks, and timed inferences of each launch."""

LEAST_BLOCKS = 3
"""No verdict comes from fewer blocks."""

RUNTIME = "onnxruntime"
"""The runtime of a comparison that names none."""

_FORMS = ("expand", "layout", "parc", "involution")


def compare(
    baseline: str,
    candidate: str,
    options: RunOptions,
    *,
    margin: float,
    watch: Watch | None = None,
    command: Sequence[str] = (),
    launcher: Launcher = spawn,
) -> Comparison:
    """Return the verdict on `candidate` against `baseline`, each NAME[@key=value,...], measured side by side.

    `options` hold for both where a cell does not say otherwise, its `launches` are two in each block, its
    names count for nothing; each of its runtimes is a pair, unless both cells name their own. A session that
    was interrupted goes on. Raises BadInput and EnvironmentFault as `run` does.
    """
    pairs = parts(parse(baseline), parse(candidate), options)
    arms = [f"{side}{number}" for number in range(1, len(pairs) + 1) for side in "AB"]
    flat = [part for pair in pairs for part in pair]
    outcome = run_parts(flat, watch, command, launcher, schedule=ABBA, arms=arms)
    return compare_session(read(options.output), outcome.run_id, margin=margin)


def parts(
    baseline: CellName, candidate: CellName, options: RunOptions
) -> tuple[tuple[RunOptions, RunOptions], ...]:
    """Return for each pair the options of either cell; each names one model on one runtime.

    BadInput when only one cell names a runtime and `options` none: which the other is meant to run on is
    then a guess.
    """
    own = [cell.settings.get("runtime") for cell in (baseline, candidate)]
    if (own[0] is None) != (own[1] is None) and not options.runtimes:
        named, bare = (baseline, candidate) if own[0] is not None else (candidate, baseline)
        raise BadInput(
            f"{named} names its runtime and {bare} none; write {bare}{',' if bare.settings else '@'}"
            f"{named.settings['runtime']}, or give --runtime."
        )
    shared: Sequence[str] = options.runtimes or (RUNTIME,)
    if None not in own:
        shared = (str(own[0]),)
    runtimes = tuple(dict.fromkeys(shared))
    return tuple((_part(baseline, options, name), _part(candidate, options, name)) for name in runtimes)


def _part(cell: CellName, options: RunOptions, runtime: str) -> RunOptions:
    settings: dict[str, Any] = dict(cell.settings)
    own = {key: settings.pop(key) for key in cell.settings if key.partition(":")[0] in OWN_INPUTS}
    forms = {**options.forms, **{form: (settings.pop(form),) for form in _FORMS if form in settings}}
    return replace(
        options,
        names=(cell.name,),
        runtimes=(str(settings.pop("runtime", runtime)),),
        forms=forms,
        inputs=_inputs(own, options.inputs),
        **settings,
    )


def _inputs(own: Mapping[str, Any], shared: Inputs) -> Inputs:
    """Return what a cell asks of its inputs: `own`, by "pin:batch" and the like, before what both share."""
    words: dict[str, tuple[str, ...]] = {}
    for option, common in (("shape", shared.shape), ("pin", shared.pin), ("range", shared.values)):
        mine = {key.partition(":")[2]: value for key, value in own.items() if key.partition(":")[0] == option}
        kept = [word for word in common if word.rpartition("=")[0] not in mine]
        words[option] = (*kept, *(f"{name}={value}" if name else value for name, value in mine.items()))
    return Inputs(words["shape"], words["pin"], words["range"])
