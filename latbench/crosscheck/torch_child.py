"""The program around torch.utils.benchmark: `python -m latbench.crosscheck.torch_child REQUEST`, in JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from exporters.parity import ParityLimits, compare
from latbench.runtimes.base import Source

MARK = "torch.utils.benchmark: "


def timed(asked: dict[str, Any]) -> dict[str, Any]:
    """Return median_s, mean_s, the number of inferences and the facts of the module that `asked` describes.

    Raises ValueError when the module does not compute what the reference holds: then it is another one.
    """
    import torch
    from torch.utils import benchmark

    with np.load(asked["reference"]) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    inputs = tuple(torch.from_numpy(array) for name, array in held.items() if name.startswith("input:"))
    module = _module(Source.from_json(asked["source"])).eval()
    with torch.inference_mode():
        timer = benchmark.Timer(
            "module(*inputs)", globals={"module": module, "inputs": inputs}, num_threads=asked["threads"]
        )
        pilot = timer.blocked_autorange()
        found = timer.blocked_autorange(min_run_time=asked["iterations"] * pilot.median)
        _check(module(*inputs), {name: one for name, one in held.items() if name.startswith("output:")})
    formats = {str(tensor.dtype) for tensor in module.parameters()} or {"torch.float32"}
    return {
        "median_s": found.median,
        "mean_s": found.mean,
        "count": _inferences(found),
        "uncounted": _inferences(pilot),
        "facts": {
            "threads": found.task_spec.num_threads,
            "precision": "fp32" if formats == {"torch.float32"} else "mixed",
            "block": found.number_per_run,
        },
    }


def _inferences(found: Any) -> int:
    return len(found.raw_times) * found.number_per_run


def _module(source: Source) -> Any:
    import importlib
    from operator import attrgetter

    package, _, attribute = str(source.factory).partition(":")
    return attrgetter(attribute)(importlib.import_module(package))(**source.kwargs)


def _check(result: Any, expected: dict[str, np.ndarray]) -> None:
    several = list(result.values()) if isinstance(result, dict) else result
    if not isinstance(several, tuple | list):
        several = (several,)
    got = dict(zip(expected, (tensor.numpy(force=True) for tensor in several), strict=True))
    parity = compare(got, expected)
    if not ParityLimits().passes(parity):
        raise ValueError(f"the module computes something else than ours: max_rel {parity.max_rel:.2g}")


def main(arguments: Sequence[str]) -> None:
    """Print what the timer found as one marked line of JSON."""
    sys.stdout.writelines((MARK, json.dumps(timed(json.loads(arguments[0]))), "\n"))


if __name__ == "__main__":
    main(sys.argv[1:])
