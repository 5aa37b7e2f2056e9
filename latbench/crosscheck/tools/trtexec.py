"""trtexec, TensorRT's own benchmark, where it stands on the PATH."""

import re
from collections.abc import Mapping
from typing import Any

from latbench.crosscheck.base import Probe, Said, Unreadable, Work, number, spoken
from latbench.crosscheck.onpath import found
from latbench.runtimes.base import Arrays, Availability

_PROGRAM = "trtexec"


class Trtexec:
    """One stream, fp32 without TF32, transfers included: from inputs on the host to outputs there."""

    name = _PROGRAM
    runtime = "tensorrt"
    uncounted = None
    differs = (
        "It adds up transfers and computation as CUDA events tell them, without the call from the host.",
        "It builds the engine anew in each launch, and engines built apart may differ.",
        "It warms up for 200 ms, not for a number of inferences.",
    )
    causes = ()

    def check(self) -> Availability:
        """Tell whether the program is on the PATH."""
        return found(_PROGRAM, "install TensorRT and put its bin folder on the PATH")

    def command(self, work: Work) -> list[str]:
        """Return the command line; --duration=0 leaves the number of inferences to --iterations."""
        options = f"--iterations={work.iterations} --duration=0 --warmUp=200 --infStreams=1 --noTF32"
        return [_PROGRAM, f"--onnx={work.source.path}", *options.split()]

    def parse(self, output: str) -> Said:
        """Return median and mean of the line "Latency:", transfers included."""
        line = re.search(r"(?<!Host )(?<!H2D )(?<!D2H )Latency: (.*)", output)
        if line is None:
            raise Unreadable("it printed no line 'Latency:'")
        median, rounding = spoken(line[1], "median =")
        count = number(output, r"Timing trace has")
        return Said(median, spoken(line[1], "mean =")[0], count, rounding_ns=rounding)

    def probes(self, session: Any, inputs: Arrays) -> Mapping[str, Probe]:
        """Return nothing: its way of calling is C++."""
        return {}


TOOL = Trtexec()
