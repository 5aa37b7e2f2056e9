"""NVIDIA's management library (NVML), through `pynvml`: the one place where it is opened, and asked.

What a card does not tell (a counter of another generation, a right that is missing) is None.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

INSTALL = 'pip install "latbench[gpu]"'

Api = Any
"""The module `pynvml`, or what stands for it in a test."""

_WHY = {
    "NVMLError_LibraryNotFound": "libnvidia-ml.so.1 is not found: no NVIDIA driver is installed",
    "NVMLError_DriverNotLoaded": "the NVIDIA driver is not loaded",
    "NVMLError_LibRmVersionMismatch": "the loaded NVIDIA driver is of another version than its libraries",
    "NVMLError_NoPermission": "this user may not ask the NVIDIA driver",
}


class Nvml:
    """NVML as opened: `ask` for one thing, `cards` for the handles in NVML's order."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def ask(self, function: str, *arguments: Any) -> Any:
        """Return what the NVML `function` answers, None where card, driver or pynvml do not have it."""
        try:
            return getattr(self.api, function)(*arguments)
        except (AttributeError, self.api.NVMLError):
            return None

    def constant(self, name: str) -> Any:
        """Return the constant `name` of pynvml, None where this version lacks it."""
        return getattr(self.api, name, None)

    @property
    def cards(self) -> tuple[Any, ...]:
        """The handles of all cards that this process may see, by NVML index; not those that cannot be had."""
        handles = (
            self.ask("nvmlDeviceGetHandleByIndex", index)
            for index in range(self.ask("nvmlDeviceGetCount") or 0)
        )
        return tuple(handle for handle in handles if handle is not None)

    def text(self, function: str, *arguments: Any) -> str | None:
        """Return the answer of a `function` that tells a text; older pynvml tell it as bytes."""
        told = self.ask(function, *arguments)
        return told.decode(errors="replace") if isinstance(told, bytes) else told


@contextmanager
def opened(api: Api = None) -> Iterator[Nvml | str]:
    """Yield NVML while it is open, or one phrase why it cannot be opened; `api` stands for pynvml in tests.

    While it is open the driver stays loaded and its counters go on, also where persistence mode is off.
    """
    found = _begun(api)
    try:
        yield found
    finally:
        if isinstance(found, Nvml):
            found.ask("nvmlShutdown")


def _begun(api: Api) -> Nvml | str:
    if api is None:
        try:
            api = import_module("pynvml")
        except ImportError:
            return "pynvml is not installed"
    try:
        api.nvmlInit()
    except api.NVMLError as error:
        return _WHY.get(type(error).__name__, str(error))
    return Nvml(api)
