"""A runtime without a vendor: it copies inputs to outputs, and misbehaves as its `Source.kwargs` ask."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from latbench.runtimes.base import Arrays, Availability, Facts, SessionOptions, Source

SPINNING = "LATBENCH_FAKE_SPINNING"


class FakeSession:
    """Output k ("output", "output_1", ...) equals input k times `scale`, plus `offset`.

    `misfortune` is called at the end of each `run`.
    """

    def __init__(self, facts: Facts, misfortune: Callable[[], object], scale: float, offset: float) -> None:
        self.facts = facts
        self.compile_ns: int | None = None
        self.run: Callable[[], object] = misfortune
        self._scale, self._offset = scale, offset
        self._bound: Arrays = {}

    def bind(self, inputs: Arrays) -> None:
        """Keep copies of `inputs`."""
        self._bound = {name: np.array(array) for name, array in inputs.items()}

    def outputs(self) -> Arrays:
        """Return the outputs by name."""
        names = ["output", *(f"output_{index}" for index in range(1, len(self._bound)))]
        return {
            name: array * self._scale + self._offset
            for name, array in zip(names, self._bound.values(), strict=False)
        }

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


def _scribble(text: str) -> None:
    with open(sys.argv[-1], "w") as result:  # noqa: PTH123 - the result file of the launch, spoilt on purpose
        result.write(text)
    os._exit(0)


BEHAVIOURS: dict[str, Callable[[Any], object]] = {
    "fail": _fail,
    "kill": lambda number: os.kill(os.getpid(), number),
    "hang": _hang,
    "exhaust_memory": _exhaust,
    "chatter": _chatter,
    "quit": os._exit,
    "scribble": _scribble,
    "interrupt": lambda _: signal.raise_signal(signal.SIGINT),
}
"""What can go wrong, by keyword: while loading with the suffix `_in_prepare`, else in each `run`."""


class FakeRuntime:
    """Deterministic, always available; for tests of everything that surrounds a runtime.

    Keywords of `Source.kwargs`: those of `BEHAVIOURS`; `scale` and `offset` spoil the outputs; `precision`,
    `provider` and `threads` are what the facts claim in place of the request.
    """

    name = "fake"
    accepts = frozenset({"onnx", "module"})
    devices = frozenset({"cpu"})
    precisions = frozenset({"fp32", "fp16", "bf16"})

    def check(self, device: str = "cpu") -> Availability:
        """Return that it is available on the CPU."""
        if device in self.devices:
            return Availability(True, version="1")
        return Availability(False, reason=f"the fake runtime has no device {device!r}", mend="--device cpu")

    def environment(self, options: SessionOptions) -> dict[str, str]:
        """Return a variable that carries the spinning option, so that tests see it arrive."""
        return {} if options.spinning is None else {SPINNING: str(int(options.spinning))}

    def prepare(self, source: Source, options: SessionOptions) -> FakeSession:
        """Return a session that behaves as `source.kwargs` say."""
        kwargs = dict(source.kwargs)
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
        )
        run = befall if misfortunes else _nothing
        return FakeSession(facts, run, kwargs.get("scale", 1.0), kwargs.get("offset", 0.0))


RUNTIME = FakeRuntime()
