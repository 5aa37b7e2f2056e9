"""Cells measured side by side, in one session of ABBA blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from latbench.errors import BadInput
from latbench.measure.spawn import launch as spawn
from latbench.pipeline.cellname import OWN_INPUTS, CellName, parse
from latbench.pipeline.execute import Launcher
from latbench.pipeline.knobs import check_knobs, one_of_runtime
from latbench.pipeline.options import RunOptions
from latbench.pipeline.own.inputs import Inputs
from latbench.pipeline.run import run_parts
from latbench.pipeline.watch import Watch
from latbench.records import read
from latbench.records.compare.outcome import Comparison
from latbench.records.compare.session import ABBA, compare_session
from latbench.runtimes.base import Value

BLOCKS, PER_LAUNCH = 10, 100
"""What a session has when nothing else is asked for: blocks, and timed inferences of each launch."""

LEAST_BLOCKS = 3
"""No verdict comes from fewer blocks."""

RUNTIME = "onnxruntime"
"""The runtime of a comparison that names none."""

_SET = "set:"
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
    found = tuple((_part(baseline, options, name), _part(candidate, options, name)) for name in runtimes)
    measured = [name for pair in found for part in pair for name in part.runtimes]
    check_knobs(options.knobs, measured, options.device)
    return found


def _part(cell: CellName, options: RunOptions, runtime: str) -> RunOptions:
    settings: dict[str, Any] = dict(cell.settings)
    own = {key: settings.pop(key) for key in cell.settings if key.partition(":")[0] in OWN_INPUTS}
    name = str(settings.pop("runtime", runtime))
    knobs = {**options.knobs.get(name, {}), **_knobs(cell, name)}
    settings = {key: value for key, value in settings.items() if not key.startswith(_SET)}
    forms = {**options.forms, **{form: (settings.pop(form),) for form in _FORMS if form in settings}}
    return replace(
        options,
        names=(cell.name,),
        runtimes=(name,),
        knobs={name: knobs} if knobs else {},
        forms=forms,
        inputs=_inputs(own, options.inputs),
        **settings,
    )


def _knobs(cell: CellName, runtime: str) -> dict[str, Value]:
    """Return what a cell sets of its runtime's own options, by "set:builder_level" and the like."""
    given = {
        key.removeprefix(_SET): str(value) for key, value in cell.settings.items() if key.startswith(_SET)
    }
    return {knob: one_of_runtime(f"{cell}: ", runtime, knob, text) for knob, text in given.items()}


def _inputs(own: Mapping[str, Any], shared: Inputs) -> Inputs:
    """Return what a cell asks of its inputs: `own`, by "pin:batch" and the like, before what both share."""
    words: dict[str, tuple[str, ...]] = {}
    for option, common in (("shape", shared.shape), ("pin", shared.pin), ("range", shared.values)):
        mine = {key.partition(":")[2]: value for key, value in own.items() if key.partition(":")[0] == option}
        kept = [word for word in common if word.rpartition("=")[0] not in mine]
        words[option] = (*kept, *(f"{name}={value}" if name else value for name, value in mine.items()))
    return Inputs(words["shape"], words["pin"], words["range"])
