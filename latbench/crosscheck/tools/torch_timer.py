"""torch.utils.benchmark: PyTorch's own timer, on the eager module."""

import json
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from latbench.crosscheck.base import OURS, THEIRS, Cause, Probe, Said, Unreadable, Work
from latbench.measure.clock import MONOTONIC
from latbench.runtimes.base import Arrays, Availability

_STATEMENT = "module(*inputs)"
_MARK = "torch.utils.benchmark: "


class TorchTimer:
    """`Timer.blocked_autorange`, again until it has timed the iterations asked for, in inference mode."""

    name = "torch.utils.benchmark"
    runtime = "pytorch"
    uncounted = 1
    differs = (
        "It counts its inferences from the second on; ours are counted once they have settled.",
        "It times blocks of inferences where one is short; its median is then over blocks.",
    )
    causes = (
        Cause(
            "call path",
            OURS,
            THEIRS,
            "our call keeps its output to be read; timeit's loop drops it",
        ),
    )

    def check(self) -> Availability:
        """Tell whether torch is installed."""
        try:
            return Availability(True, version=version("torch"))
        except PackageNotFoundError:
            return Availability(False, reason="torch is not installed", mend='pip install "latbench[torch]"')

    def command(self, work: Work) -> list[str]:
        """Return the command line of this file's own small program around the timer."""
        asked = {
            "source": work.source.to_json(),
            "reference": str(work.reference),
            "threads": work.threads,
            "iterations": work.iterations,
        }
        return [sys.executable, "-m", "latbench.crosscheck.torch_child", json.dumps(asked)]

    def parse(self, output: str) -> Said:
        """Return what the program printed after its mark."""
        lines = [line.partition(_MARK)[2] for line in output.splitlines() if line.startswith(_MARK)]
        try:
            told = json.loads(lines[-1])
            times = (1e9 * told["median_s"], 1e9 * told["mean_s"])
            return Said(*times, told["count"], facts=told["facts"])
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"it printed no line {_MARK!r} with figures") from error

    def probes(self, session: Any, inputs: Arrays) -> Mapping[str, Probe]:
        """Return our call by our clock, and the same module in the loop that the timer uses."""
        import timeit

        run, clock = session.run, MONOTONIC
        module, tensors = session.bound
        loop = timeit.Timer(_STATEMENT, globals={"module": module, "inputs": tensors})

        def ours() -> Mapping[str, int]:
            begin = clock()
            run()
            end = clock()
            return {OURS: end - begin}

        return {OURS: ours, THEIRS: lambda: {THEIRS: round(1e9 * loop.timeit(1))}}


TOOL = TorchTimer()
