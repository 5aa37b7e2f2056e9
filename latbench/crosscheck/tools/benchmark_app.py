"""OpenVINO's benchmark_app, the Python one that comes with the openvino package."""

import re
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from latbench.crosscheck.base import OURS, THEIRS, Cause, Probe, Said, Work, number, spoken
from latbench.measure.clock import MONOTONIC
from latbench.runtimes.base import Arrays, Availability

_START = "from openvino.tools.benchmark.main import main; main()"
_INNER = "ours by OpenVINO's clock"
_PRECISIONS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}


class BenchmarkApp:
    """One synchronous request on one stream, fp32 throughout, the inputs those of ours.

    Left to itself it would feed images as 8-bit integers and convert them inside the graph. It refuses a hint
    beside a number of threads; the plug-in's own default is the latency hint, which its output confirms.
    """

    name = "benchmark_app"
    runtime = "openvino"
    uncounted = 1
    differs = (
        "It counts its inferences from the second on; ours are counted once they have settled.",
        "It copies the outputs after each inference, outside what it times.",
    )
    causes = (
        Cause(
            "Python call",
            OURS,
            _INNER,
            "our clock stands around the call from Python, OpenVINO's inside it",
        ),
        Cause(
            "copies between calls",
            _INNER,
            THEIRS,
            "its call looks through the inputs before and copies the outputs after",
        ),
    )

    def check(self) -> Availability:
        """Tell whether the openvino package is installed."""
        try:
            return Availability(True, version=version("openvino").partition("-")[0])
        except PackageNotFoundError:
            return Availability(
                False, reason="openvino is not installed", mend='pip install "latbench[openvino]"'
            )

    def command(self, work: Work) -> list[str]:
        """Return the command line; the reference's inputs are written beside as .npy files."""
        options = (
            f"-d CPU -api sync -hint none -nstreams 1 -nthreads {work.threads} -niter {work.iterations} "
            "-infer_precision f32 -ip f32 -op f32"
        )
        given = []
        with np.load(work.reference) as arrays:
            for index, name in enumerate(name for name in arrays.files if name.startswith("input:")):
                path = work.folder / f"input_{index}.npy"
                np.save(path, arrays[name])
                given += ["-i", f"{name.removeprefix('input:')}:{path}"]
        return [sys.executable, "-c", _START, "-m", str(work.source.path), *options.split(), *given]

    def parse(self, output: str) -> Said:
        """Return the median and the average that it prints, with threads and precision as read back."""
        median, rounding = spoken(output, "Median:")
        precision = re.search(r"INFERENCE_PRECISION_HINT:.*?'(\w+)'", output)
        facts = {
            "threads": number(output, "INFERENCE_NUM_THREADS:"),
            "streams": number(output, "NUM_STREAMS:"),
            "precision": None if precision is None else _PRECISIONS.get(precision[1], precision[1]),
        }
        return Said(
            median,
            spoken(output, "Average:")[0],
            number(output, "Count:"),
            rounding_ns=rounding,
            facts={name: value for name, value in facts.items() if value is not None},
        )

    def probes(self, session: Any, inputs: Arrays) -> Mapping[str, Probe]:
        """Return our call, read by both clocks at once, and benchmark_app's, read by OpenVINO's as there."""
        request = session._request
        run, clock = session.run, MONOTONIC

        def ours() -> Mapping[str, int]:
            begin = clock()
            run()
            end = clock()
            return {OURS: end - begin, _INNER: round(1e6 * request.latency)}

        def theirs() -> Mapping[str, int]:
            request.infer()
            return {THEIRS: round(1e6 * request.latency)}

        return {OURS: ours, THEIRS: theirs}


TOOL = BenchmarkApp()
