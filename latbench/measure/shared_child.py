"""One shared launch, in its process: `python -m latbench.measure.shared_child REQUEST.json RESULT.json`."""

import gc
import json
import random
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path
from statistics import median
from typing import Any

from exporters.parity import Parity
from latbench import runtimes
from latbench.errors import LatbenchError
from latbench.machine import kernels, witnesses
from latbench.measure import expected
from latbench.measure.child import REASON_LENGTH, out_of_memory
from latbench.measure.clock import MONOTONIC, Clock
from latbench.measure.group import die_with_parent
from latbench.measure.launch import LaunchResult
from latbench.measure.loop import time_calls
from latbench.measure.shared import CALL_OVERHEAD, FIRST_OF_TURN, SharedCell, SharedRequest
from latbench.measure.shared_turns import rounds, shares
from latbench.runtimes.base import Arrays, Runtime, Session, device_latency

Key = str | None
"""The key of a cell, None that of the empty graph."""

Results = dict[Key, LaunchResult]


@dataclass
class _Loaded:
    """A cell that is ready to be timed, and what has been timed of it."""

    session: Session
    load_ns: int
    first_ns: int
    parity: Parity | None = None
    fault: str | None = None
    warmup_ns: tuple[int, ...] = ()
    kept_ns: tuple[int, ...] = ()
    dropped_ns: tuple[int, ...] = ()
    kept: tuple[bool, ...] = ()
    """Whether each call of the turns so far is a sample, in order."""

    device_ns: tuple[int, ...] = ()


class _References:
    """Reads each reference once: the lowerings of one operator share theirs, which may be large."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], tuple[Arrays, Arrays | None]] = {}

    def of(self, path: str | None) -> tuple[Arrays, Arrays | None]:
        """Return inputs and outputs as `expected.read` does."""
        if path is None:
            return expected.read(None)
        try:
            told = Path(path).stat()
        except OSError:
            return expected.read(path)  # which says what is wrong with it
        key = (told.st_dev, told.st_ino)
        if key not in self._read:
            self._read[key] = expected.read(path)
        return self._read[key]


def measure(request: SharedRequest, clock: Clock = MONOTONIC) -> dict[str, LaunchResult]:
    """Return what a shared launch brings, by key: a cell that fails has its own message, the others go on."""
    runtime = runtimes.get(request.runtime)
    found = runtime.check(request.options.device)
    if not found.available:
        reason = f"{found.reason}; mend: {found.mend}"
        return {cell.key: LaunchResult("failed", reason) for cell in request.cells}
    # No thread of the runtime runs yet.
    kernels_before = kernels.witnessed("before")
    loaded, results = _load(request, runtime, clock)
    _warm_up(loaded, request, results, clock)
    gc.collect()
    before = witnesses.snapshot()
    _time(loaded, request, results, clock)
    after = witnesses.snapshot()
    _read_device(loaded, results)
    counted = {**witnesses.difference(before, after), **kernels_before}
    # What was entered last is left first; spinning threads would slow the kernels down.
    for one in reversed(loaded.values()):
        one.session.close()
    counted |= kernels.witnessed("after")
    empty = loaded.pop(None, None)
    counted[CALL_OVERHEAD] = None if empty is None or not empty.kept_ns else round(median(empty.kept_ns))
    results |= {key: _result(one, counted) for key, one in loaded.items() if key not in results}
    return {cell.key: results[cell.key] for cell in request.cells}


def _load(request: SharedRequest, runtime: Runtime, clock: Clock) -> tuple[dict[Key, _Loaded], Results]:
    """Return the cells that could be loaded, the empty graph last, and the results of the others."""
    references, loaded, results = _References(), dict[Key, _Loaded](), Results()
    for cell in request.cells:
        try:
            loaded[cell.key] = _loaded(cell, request, runtime, references, clock)
        except Exception as error:
            results[cell.key] = _failure(error)
    if request.empty is not None:
        with suppress(Exception):  # without it the overhead is not known, which is no failure of a cell
            loaded[None] = _loaded(request.empty, request, runtime, references, clock)
    return loaded, results


def _loaded(
    cell: SharedCell, request: SharedRequest, runtime: Runtime, references: _References, clock: Clock
) -> _Loaded:
    inputs, outputs = references.of(cell.reference)
    begin = clock()
    session = runtime.prepare(cell.source, request.options)
    load_ns = clock() - begin - (session.compile_ns or 0)
    try:
        session.bind(inputs)
        (first_ns,) = time_calls(session.run, clock, 1)
        if outputs is None:
            return _Loaded(session, load_ns, first_ns)
        agreement, fault = expected.agreement(session.outputs(), outputs)
    except BaseException:
        session.close()
        raise
    return _Loaded(session, load_ns, first_ns, agreement, fault)


def _failure(error: Exception) -> LaunchResult:
    if isinstance(error, MemoryError):
        return LaunchResult("oom", out_of_memory(error))
    said = str(error) if isinstance(error, LatbenchError) else f"{type(error).__name__}: {error}"
    return LaunchResult("failed", " ".join(said.split())[:REASON_LENGTH])


def _warm_up(loaded: Mapping[Key, _Loaded], request: SharedRequest, results: Results, clock: Clock) -> None:
    """Call each cell `request.warmup` times, fewer where half of its share of the budget has passed."""
    most_ns = 1e9 * request.budget_s / (2 * max(1, len(loaded)))
    for key, one in loaded.items():
        while len(one.warmup_ns) < max(1, request.warmup) and sum(one.warmup_ns) <= most_ns:
            timed = _called(key, one, 1, results, clock)
            if timed is None:
                break
            one.warmup_ns += timed


def _time(loaded: Mapping[Key, _Loaded], request: SharedRequest, results: Results, clock: Clock) -> None:
    """Take the turns; a cell that fails in one gets its result and has no further turns."""
    told = {key: min(one.warmup_ns) for key, one in loaded.items() if key not in results}
    given = shares(told, 1e9 * request.budget_s, request.samples)
    for turns in rounds(given, random.Random(request.order)):
        for key, kept in turns:
            one, dropped = loaded[key], given[key].dropped
            if key in results:
                continue
            timed = _called(key, one, dropped + kept, results, clock)
            if timed is not None:
                one.dropped_ns += timed[:dropped]
                one.kept_ns += timed[dropped:]
                one.kept += (False,) * dropped + (True,) * kept


def _called(key: Key, one: _Loaded, calls: int, results: Results, clock: Clock) -> tuple[int, ...] | None:
    """Return the durations of some calls, None when one raised, which becomes the result of the cell."""
    try:
        return time_calls(one.session.run, clock, calls)
    except Exception as error:
        results[key] = _failure(error)
        return None


def _read_device(loaded: Mapping[Key, _Loaded], results: Results) -> None:
    """Read the device latency of the samples; a cell whose session cannot tell it fails, the others go on."""
    for key, one in loaded.items():
        if key is None or key in results:
            continue
        try:
            told = device_latency(one.session, len(one.kept))
            one.device_ns = tuple(compress(told, one.kept))
        except Exception as error:
            results[key] = _failure(error)


def _result(one: _Loaded, counted: Mapping[str, Any]) -> LaunchResult:
    first = round(median(one.dropped_ns)) if one.dropped_ns else None
    return LaunchResult(
        "ok",
        reason=one.fault,
        samples_ns=one.kept_ns,
        warmup_ns=one.warmup_ns,
        load_ns=one.load_ns,
        compile_ns=one.session.compile_ns,
        first_inference_ns=one.first_ns,
        facts=asdict(one.session.facts),
        parity=None if one.parity is None else one.parity.to_json(),
        witnesses={**counted, FIRST_OF_TURN: first},
        device_ns=one.device_ns,
    )


def main(arguments: Sequence[str]) -> None:
    """Read the request, measure, write the results by key, whole or not at all."""
    die_with_parent()
    request_path, result_path = map(Path, arguments)
    request = SharedRequest.from_json(json.loads(request_path.read_text()))
    found = {key: result.to_json() for key, result in measure(request).items()}
    partial = result_path.with_suffix(".partial")
    partial.write_text(json.dumps(found, allow_nan=False))
    partial.replace(result_path)


if __name__ == "__main__":
    main(sys.argv[1:])
