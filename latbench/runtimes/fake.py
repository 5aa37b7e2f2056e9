"""A runtime without a vendor: it copies inputs to outputs, and misbehaves as its `Source.kwargs` ask."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from latbench.runtimes.base import ONLY_ON, Arrays, Availability, Facts, Knob, SessionOptions, Source, knob

SPINNING = "LATBENCH_FAKE_SPINNING"
MISFORTUNES = "LATBENCH_FAKE"
"""The variable that holds further keywords by model, as JSON: {"stem of the file": {"kill": 11}}."""


class FakeSession:
    """Output k ("output", "output_1", ...) is what `spoil` makes of input k, for the first `count` inputs.

    `misfortune` is called at the end of each `run`. `device_ns` is told as the device latency of every run,
    None where there is no device to tell.
    """

    def __init__(
        self,
        facts: Facts,
        misfortune: Callable[[], object],
        spoil: Callable[[np.ndarray], np.ndarray],
        count: int | None = None,
        device_ns: int | None = None,
    ) -> None:
        self.facts = facts
        self.device_ns: Callable[[int], tuple[int, ...]] | None = None
        if device_ns is not None:
            self.device_ns = lambda latest: (device_ns,) * latest
        self.compile_ns: int | None = None
        self.run: Callable[[], object] = misfortune
        self._spoil, self._count = spoil, count
        self._bound: Arrays = {}

    def bind(self, inputs: Arrays) -> None:
        """Keep copies of `inputs`."""
        self._bound = {name: np.array(array) for name, array in inputs.items()}

    def outputs(self) -> Arrays:
        """Return the outputs by name."""
        given = list(self._bound.values())[: self._count]
        return {f"output_{at}" if at else "output": self._spoil(array) for at, array in enumerate(given)}

    def close(self) -> None:
        """Forget the inputs."""
        self._bound = {}


def _nothing() -> None:
    pass


def _fail(message: str) -> None:
    raise RuntimeError(message)


def _exhaust(_: Any) -> None:
    raise MemoryError


def _hang(_: Any) -> None:
    threading.Event().wait()


def _chatter(count: int) -> None:
    sys.stderr.write("chatter\n" * count)


def _noise(count: int) -> None:
    while count > 0:
        count -= os.write(1, os.urandom(min(count, 1 << 20)))


def _hoard(limit: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    np.ones(limit)  # eight bytes each


def _leave_helper(_: Any) -> None:
    deaf = "import signal, threading; signal.signal(15, signal.SIG_IGN); print(flush=True)"
    helper = subprocess.Popen([sys.executable, "-c", f"{deaf}; threading.Event().wait()"])
    os.write(1, f"helper {helper.pid}\n".encode())


def _scribble(what: str | tuple[str, int]) -> None:
    text, times = (what, 1) if isinstance(what, str) else what
    with open(sys.argv[-1], "w") as result:  # noqa: PTH123 - the result file of the launch, spoilt on purpose
        for _ in range(times):
            result.write(text)
    os._exit(0)


BEHAVIOURS: dict[str, Callable[[Any], object]] = {
    "leave_helper": _leave_helper,
    "fail": _fail,
    "kill": lambda number: os.kill(os.getpid(), number),
    "hang": _hang,
    "exhaust_memory": _exhaust,
    "hoard": _hoard,
    "chatter": _chatter,
    "noise": _noise,
    "quit": os._exit,
    "scribble": _scribble,
    "interrupt": lambda _: signal.raise_signal(signal.SIGINT),
}
"""What can go wrong, by keyword: while loading with the suffix `_in_prepare`, else in each `run`."""


class FakeRuntime:
    """Deterministic, always available; for tests of everything that surrounds a runtime.

    Keywords of `Source.kwargs`: those of `BEHAVIOURS`; `scale`, `offset`, `shape`, `dtype` and `count` spoil
    the outputs; `precision`, `provider`, `threads` and `extra` are what the facts claim in place of the
    request; `device_ns` is the device latency told, divided by the knob `speed`. The variable `MISFORTUNES`
    adds to them, where a command has no way to give any.
    """

    name = "fake"
    accepts = frozenset({"onnx", "module"})
    devices = frozenset({"cpu", "cuda"})
    precisions = frozenset({"fp32", "tf32", "fp16", "bf16"})
    knobs: Mapping[str, Knob] = MappingProxyType(
        {
            "speed": Knob(1.0, "divides the device latency", least=0.1, most=100),
            "graph": Knob(False, "claims a CUDA graph", devices=frozenset({"cuda"})),
            "level": Knob(3, "changes nothing", least=0, most=5),
            "mode": Knob("plain", "changes nothing", choices=("plain", "fancy")),
        }
    )

    def check(self, device: str = "cpu") -> Availability:
        """Return that it is available on any device, which it does not use."""
        if device in self.devices:
            here = self.precisions - {word for word, only in ONLY_ON.items() if only != device}
            return Availability(True, version="1", precisions=tuple(sorted(here)))
        return Availability(False, reason=f"the fake runtime has no device {device!r}", mend="--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return a variable that carries the spinning option, so that tests see it arrive."""
        return {} if options.spinning is None else {SPINNING: str(int(options.spinning))}

    def prepare(self, source: Source, options: SessionOptions) -> FakeSession:
        """Return a session that behaves as the keywords say."""
        added = json.loads(os.environ.get(MISFORTUNES, "{}"))
        kwargs = {**source.kwargs, **added.get(Path(source.path or "").stem, {})}
        for keyword, behave in BEHAVIOURS.items():
            if f"{keyword}_in_prepare" in kwargs:
                behave(kwargs[f"{keyword}_in_prepare"])
        misfortunes = [(behave, kwargs[word]) for word, behave in BEHAVIOURS.items() if word in kwargs]

        def befall() -> None:
            for behave, argument in misfortunes:
                behave(argument)

        spinning = os.environ.get(SPINNING)
        facts = Facts(
            provider=kwargs.get("provider", "fake"),
            device=options.device,
            precision=kwargs.get("precision", options.precision),
            threads=kwargs.get("threads", options.threads),
            spinning=None if spinning is None else spinning == "1",
            version="1",
            extra=kwargs.get("extra", {"cuda_graph": "on"} if knob(self, options, "graph") else {}),
        )
        scale, offset = float(kwargs.get("scale", 1)), float(kwargs.get("offset", 0))

        def spoil(array: np.ndarray) -> np.ndarray:
            spoilt = np.resize(array * scale + offset, kwargs.get("shape", array.shape))
            return spoilt.astype(kwargs.get("dtype", array.dtype))

        run = befall if misfortunes else _nothing
        device_ns = kwargs.get("device_ns")
        told = None if device_ns is None else round(device_ns / float(knob(self, options, "speed")))
        return FakeSession(facts, run, spoil, kwargs.get("count"), told)


RUNTIME = FakeRuntime()
