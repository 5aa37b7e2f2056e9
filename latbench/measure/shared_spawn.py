"""One shared launch, seen from the parent: a fresh process, and a result for each of its cells."""

import json
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from latbench import runtimes
from latbench.errors import EnvironmentFault
from latbench.measure import answer, group, oom, spawn
from latbench.measure.launch import LaunchResult
from latbench.measure.scratch import scratch
from latbench.measure.shared import SHARED_CELLS, SharedRequest, SharedResult


def launch(request: SharedRequest, timeout: float | None, rng: random.Random) -> SharedResult:
    """Return the result of each cell of one fresh process, ended by force after `timeout` seconds.

    Each has the process's time as `wall_ns` and the witness `shared_cells`. A process that dies, or leaves
    something else than an answer, is the result of all of its cells. Raises as `spawn.launch` does.
    """
    added = runtimes.get(request.runtime).environment(request.options)
    try:
        with scratch() as folder:
            return _launch(request, timeout, spawn.environment(added, rng), folder)
    except OSError as error:
        mend = "free space in the temporary folder, or set TMPDIR to another."
        raise EnvironmentFault(f"No launch can be started: {error}; {mend}") from error


def _launch(
    request: SharedRequest, timeout: float | None, environ: Mapping[str, str], folder: Path
) -> SharedResult:
    asked, answered, said = (folder / name for name in ("request.json", "result.json", "output"))
    asked.write_text(json.dumps(request.to_json()))
    command = [sys.executable, "-m", "latbench.measure.shared_child", str(asked), str(answered)]
    kills = oom.kills()
    begin = time.perf_counter_ns()
    process = spawn.start(command, environ, said)
    spawn.bound(process.pid)
    overdue = group.sleep_until_end(process, timeout)
    wall_ns = time.perf_counter_ns() - begin
    last_lines, spoilt = spawn.tail(said), None
    try:
        results = read(answered, request)
    except answer.Unusable as error:
        results, spoilt = None, str(error)
    if results is None:
        reason = f"no result after {timeout:g} s" if overdue else None
        killed = kills != oom.kills()
        spawn.check_space(folder)
        ended = spawn.judge(process.returncode, last_lines, killed, overdue=reason, spoilt=spoilt)
        results = {cell.key: ended for cell in request.cells}
    return {key: _completed(result, len(request.cells), wall_ns) for key, result in results.items()}


def _completed(result: LaunchResult, cells: int, wall_ns: int) -> LaunchResult:
    if result.status == "failed" and spawn.out_of_memory(result.reason or ""):
        result = replace(result, status="oom")
    return replace(result, wall_ns=wall_ns, witnesses={**result.witnesses, SHARED_CELLS: cells})


def read(path: Path, request: SharedRequest) -> SharedResult | None:
    """Return the results by key that the file `path` holds, None where there is no file.

    Unusable, as for a launch of one cell, for anything else than a result of each cell of the request, an ok
    one with 1 to `request.samples` samples.
    """
    most = len(request.cells) * (request.samples + request.warmup)
    found = answer.contents(path, most)
    if found is None:
        return None
    keys = [cell.key for cell in request.cells]
    if sorted(found) != sorted(keys):
        raise answer.Unusable(f"its result has {len(found)} cells, not the {len(keys)} asked for")
    return {key: _checked(found[key], request.samples) for key in keys}


def _checked(fields: object, most: int) -> LaunchResult:
    if not isinstance(fields, dict):
        raise answer.Unusable(f"its result holds a {type(fields).__name__}, not a table of fields")
    result = answer.checked(fields)
    if result.status == "ok" and not 0 < len(result.samples_ns) <= most:
        raise answer.Unusable(f"it brought {len(result.samples_ns)} samples, not 1 to {most}")
    return result
