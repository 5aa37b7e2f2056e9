"""The program around torch.utils.benchmark: `python -m latbench.crosscheck.torch_child REQUEST`, in JSON."""

import json
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from exporters.parity import ParityLimits, compare
from latbench.runtimes.base import Source

MARK = "torch.utils.benchmark: "


def timed(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds, inferences and facts of the module that `asked` describes; the median is of blocks.

    Raises ValueError when the module does not compute what the reference holds: then it is another one.
    """
    import torch
    from torch.utils import benchmark

    with np.load(asked["reference"]) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    inputs = tuple(torch.from_numpy(array) for name, array in held.items() if name.startswith("input:"))
    torch.set_num_threads(asked["threads"])
    module = _module(Source.from_json(asked["source"])).eval()
    with torch.inference_mode():
        timer = benchmark.Timer(
            "module(*inputs)", globals={"module": module, "inputs": inputs}, num_threads=asked["threads"]
        )
        blocks = _blocks(timer, asked["iterations"])
        _check(module(*inputs), {name: one for name, one in held.items() if name.startswith("output:")})
    formats = {str(tensor.dtype) for tensor in module.parameters()} or {"torch.float32"}
    return {
        "median_s": median(seconds / number for number, seconds in blocks),
        "mean_s": sum(seconds for _, seconds in blocks) / sum(number for number, _ in blocks),
        "count": sum(number for number, _ in blocks),
        "facts": {
            "threads": torch.get_num_threads(),
            "precision": "fp32" if formats == {"torch.float32"} else "mixed",
            "block": blocks[0][0],
        },
    }


class _Enough(Exception):
    pass


def _blocks(timer: Any, wanted: int) -> list[tuple[int, float]]:
    """Return (inferences, seconds) of each block, `wanted` inferences or more together.

    The timer stops after a time, its default of 0.2 s; it is asked again until there are enough.
    """
    found: list[tuple[int, float]] = []

    def heard(number: int, seconds: float) -> None:
        found.append((number, seconds))
        if sum(one for one, _ in found) >= wanted:
            raise _Enough

    try:
        while True:
            timer.blocked_autorange(callback=heard)
    except _Enough:
        return found


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
