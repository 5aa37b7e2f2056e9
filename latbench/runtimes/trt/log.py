"""What TensorRT says: its errors and warnings are kept, so that a failure is told in its own words."""

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from latbench.runtimes.shared import nvidia

_KEPT = 50
_TOLD = 3


@cache
def logger(trt: Any) -> Any:
    """Return the one logger of this process; `errors` and `warnings` hold the latest 50, oldest first.

    `trt` is the module tensorrt. TensorRT keeps the first logger it is given for all that is made later, so
    every session shares it.
    """

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: deque[str] = deque(maxlen=_KEPT)
            self.warnings: deque[str] = deque(maxlen=_KEPT)

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
                self.errors.append(msg)
            elif severity == trt.ILogger.WARNING:
                self.warnings.append(msg)

    return Log()


def forget(log: Any) -> None:
    """Drop what was said so far, so that `fault` tells of what is done from here on."""
    log.errors.clear()
    log.warnings.clear()


def fault(log: Any, what: str) -> Exception:
    """Return the error to raise because `what` came about, with the library's latest errors in its words.

    It is a MemoryError where those tell of too little memory, else a RuntimeError.
    """
    said = said_last(log)
    text = f"{what}: {said}" if said else f"{what}, and TensorRT did not say why"
    return MemoryError(text) if nvidia.full(said) else RuntimeError(text)


def said_last(log: Any) -> str:
    """Return the latest errors, each once, as one line; "" without any."""
    return "; ".join(dict.fromkeys(" ".join(error.split()) for error in list(log.errors)[-_TOLD:]))


def made(kind: Callable[..., Any], log: Any, what: str, *arguments: Any) -> Any:
    """Return `kind(*arguments)`; where the library makes none (None, or a TypeError), `fault` is raised."""
    try:
        thing = kind(*arguments)
    except TypeError as error:  # what the bindings raise for a null pointer
        raise fault(log, f"{what} ({error})") from error
    if thing is None:
        raise fault(log, what)
    return thing
