"""One launch, inside its own process: `python -m latbench.measure.child REQUEST.json RESULT.json`."""

import gc
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from latbench import runtimes, stats
from latbench.errors import EnvironmentFault, LatbenchError
from latbench.machine import kernels, witnesses
from latbench.measure import denormals, expected
from latbench.measure.clock import MONOTONIC, Clock
from latbench.measure.group import die_with_parent
from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.measure.loop import time_calls
from latbench.measure.warmup import warm_up
from latbench.runtimes.base import device_latency

_WARMUP_CAP = 4
"""Warm-up ends unsettled after this many times the requested number."""

_REHEAT = 3
"""Iterations counted as warm-up at the head of the timed loop: looking at the data has cooled the caches."""

REASON_LENGTH = 600


def measure(request: LaunchRequest, clock: Clock = MONOTONIC) -> LaunchResult:
    """Return what one launch of `request` brings; a failure is a result with the runtime's own message."""
    try:
        return _measure(request, clock)
    except MemoryError as error:
        return LaunchResult("oom", out_of_memory(error))
    except LatbenchError as error:
        return LaunchResult("failed", str(error))
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return LaunchResult("failed", reason[:REASON_LENGTH])


def out_of_memory(error: MemoryError) -> str:
    """Return the reason of a launch that ended so, with the words of `error`, such as those of a GPU."""
    words = " ".join(str(error).split())
    ended = "the measuring process ran out of memory"
    return f"{ended}: {words}"[:REASON_LENGTH] if words else ended


def _measure(request: LaunchRequest, clock: Clock) -> LaunchResult:
    runtime = runtimes.get(request.runtime)
    found = runtime.check(request.options.device)
    if not found.available:
        raise EnvironmentFault(f"{found.reason}; mend: {found.mend}")
    inputs, outputs = expected.read(request.reference)
    # No thread of the runtime runs yet, and between warm-up and timing nothing may stand.
    kernels_before = kernels.witnessed("before")

    begin = clock()
    session = runtime.prepare(request.source, request.options)
    load_ns = clock() - begin - (session.compile_ns or 0)
    session.bind(inputs)
    (first_ns,) = time_calls(session.run, clock, 1)
    agreement, fault = (None, None) if outputs is None else expected.agreement(session.outputs(), outputs)

    gc.collect()
    cap = _WARMUP_CAP * request.warmup
    warmup_ns = warm_up(session.run, clock, request.warmup, _settled, cap)
    reheat = _REHEAT if request.warmup else 0
    before = witnesses.snapshot()
    timed_ns = time_calls(session.run, clock, reheat + request.iterations)
    after = witnesses.snapshot()
    result = LaunchResult(
        "ok",
        reason=fault,
        samples_ns=timed_ns[reheat:],
        warmup_ns=warmup_ns + timed_ns[:reheat],
        load_ns=load_ns,
        compile_ns=session.compile_ns,
        first_inference_ns=first_ns,
        peak_rss_bytes=peak_rss_bytes(),
        facts=asdict(session.facts),
        parity=None if agreement is None else agreement.to_json(),
        witnesses={**witnesses.difference(before, after), **kernels_before},
        device_ns=device_latency(session, request.iterations),
    )
    # Spinning threads of the session would slow the kernels down.
    session.close()
    return replace(result, witnesses={**result.witnesses, **kernels.witnessed("after")})


def probe_denormals(request: LaunchRequest, result: LaunchResult) -> LaunchResult:
    """Return the `result` of `request` with the witness `flush_denormals_ratio`, None where there is none.

    It loads the model twice more; whatever goes wrong with that is no failure of the launch.
    """
    try:
        inputs, _ = expected.read(request.reference)
        runtime = runtimes.get(request.runtime)
        ratio = denormals.flush_ratio(runtime, request.source, request.options, inputs)
    except Exception:
        ratio = None
    return replace(result, witnesses={**result.witnesses, "flush_denormals_ratio": ratio})


def _settled(earlier: Sequence[int], latest: Sequence[int]) -> bool:
    return stats.warmup_settled(np.asarray(earlier), np.asarray(latest))


def peak_rss_bytes() -> int:
    """Return the peak resident memory of this process in bytes.

    Linux keeps `ru_maxrss` across exec, so that a large parent would be counted: VmHWM is read where there is
    one.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def write_result(path: Path, result: LaunchResult) -> None:
    """Write `result` to `path`, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result.to_json(), allow_nan=False))
    partial.replace(path)


def main(arguments: Sequence[str]) -> None:
    """Read the request, measure, write the result; then probe for denormals, if asked to, and write again.

    The probe takes more memory and time: a launch that it ends has its result written already.
    """
    die_with_parent()
    request_path, result_path = map(Path, arguments)
    request = LaunchRequest.from_json(json.loads(request_path.read_text()))
    result = measure(request)
    write_result(result_path, result)
    if request.probe_denormals and result.status == "ok":
        write_result(result_path, probe_denormals(request, result))


if __name__ == "__main__":
    main(sys.argv[1:])
