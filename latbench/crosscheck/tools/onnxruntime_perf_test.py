"""onnxruntime_perf_test, ONNX Runtime's own benchmark, where a build of it stands on the PATH."""

from collections.abc import Mapping
from typing import Any

from latbench.crosscheck.base import Probe, Said, Unreadable, Work, number, spoken
from latbench.crosscheck.onpath import found
from latbench.runtimes.base import Arrays, Availability

_PROGRAM = "onnxruntime_perf_test"


class OnnxRuntimePerfTest:
    """One run at a time, sequential executor, CPU provider, all optimisations, inputs it makes up itself."""

    name = _PROGRAM
    runtime = "onnxruntime"
    uncounted = 1
    differs = (
        "It is C++ and its inputs are bound; the outputs are allocated anew for each inference.",
        "It makes up its inputs; ours are those of the reference.",
        "It counts its inferences from the second on; ours are counted once they have settled.",
        "It brings its own build of ONNX Runtime, which may be another version.",
    )
    causes = ()

    def check(self) -> Availability:
        """Tell whether the program is on the PATH."""
        return found(_PROGRAM, "build ONNX Runtime from source and put its build folder on the PATH")

    def command(self, work: Work) -> list[str]:
        """Return the command line: -m times -r counts inferences, -I makes inputs, -s prints percentiles."""
        options = f"-e cpu -m times -r {work.iterations} -I -s -c 1 -x {work.threads} -y 1 -o 99"
        return [_PROGRAM, *options.split(), str(work.source.path)]

    def parse(self, output: str) -> Said:
        """Return its 50th percentile and average, which older versions print in seconds."""
        median, rounding = spoken(output, r"P50 Latency:")
        try:
            mean: float | None = spoken(output, r"Average inference time cost(?: total)?:")[0]
        except Unreadable:
            mean = None
        return Said(median, mean, number(output, "Total inference requests:"), rounding_ns=rounding)

    def probes(self, session: Any, inputs: Arrays) -> Mapping[str, Probe]:
        """Return nothing: its way of calling is C++."""
        return {}


TOOL = OnnxRuntimePerfTest()
