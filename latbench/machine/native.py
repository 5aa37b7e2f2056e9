"""Machine code without a compiler: what Python has no words for, in a few bytes called through ctypes.

Each function of `CODE` follows the calling convention of C on Linux and macOS, x86-64 or aarch64.
"""

import ctypes
import mmap
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

_ARGUMENTS = {"handoff": 4, "handoff_pause": 4, "control": 2}

_X86_HANDOFF = "f30f1efa 4889d0 483937 7510 48ffc6 488937 48ffc6 48ffca 75ed eb07 {} 48ffc9 75e4 4829d0 c3"
_ARM_HANDOFF = (
    "e40302aa 05fcdfc8 bf0001eb e1000054 21040091 01fc9fc8 21040091 420400f1 21ffff54 04000014 {} "
    "630400f1 a1feff54 800002cb c0035fd6"
)
CODE = {
    "x86_64": {
        "handoff": _X86_HANDOFF.format("6690"),
        "handoff_pause": _X86_HANDOFF.format("f390"),
        "control": "f30f1efa 0fae5c24fc 8b4424fc 89c1 21f9 09f1 894c24fc 0fae5424fc c3",
    },
    "aarch64": {
        "handoff": _ARM_HANDOFF.format("1f2003d5"),
        "handoff_pause": _ARM_HANDOFF.format("3f2003d5"),
        "control": "02443bd5 4300008a 630001aa 03441bd5 e00302aa c0035fd6",
    },
}
"""By processor and function, in hexadecimal.

`handoff(word, first, rounds, spins)`: `rounds` times wait until the 64-bit `word` equals `first` and store
`first + 1`, `first` rising by 2; each wait that fails takes one of `spins`, and without any left it gives up.
Returns the rounds done. `handoff_pause` waits with PAUSE (YIELD on ARM), as the threads of runtimes do.
`control(kept, added)`: set this thread's floating-point control register to its bits in `kept` and those in
`added`. Returns what it held.
"""

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_FLUSH = {"x86_64": 0x8040, "aarch64": 1 << 24}
"""The bits that treat denormal numbers as zero: FTZ and DAZ of MXCSR, FZ of FPCR."""

_WORD = (1 << 32) - 1
Function = Callable[..., int]


def machine() -> str | None:
    """Return "x86_64" or "aarch64", None on a processor or system without code here."""
    return _MACHINES.get(platform.machine().lower()) if os.name == "posix" else None


@cache
def function(name: str) -> Function | None:
    """Return the function `name` of `CODE`, which runs without Python's lock.

    None where there is no code for this processor, or the system refuses memory that may be executed.
    """
    code = CODE.get(machine() or "", {}).get(name)
    address = None if code is None else _loaded(bytes.fromhex(code))
    if address is None:
        return None
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * _ARGUMENTS[name])(address)


_KEPT: list[mmap.mmap] = []


def _loaded(code: bytes) -> int | None:
    """Return the address of `code` in memory of its own: writable first, then executable, never both."""
    try:
        memory = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.write(code)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        arguments = ctypes.c_void_p(address), ctypes.c_size_t(mmap.PAGESIZE)
        if ctypes.CDLL(None).mprotect(*arguments, mmap.PROT_READ | mmap.PROT_EXEC) != 0:
            return None
    except (OSError, ValueError, AttributeError):
        return None
    _KEPT.append(memory)
    return address


def can_flush() -> bool:
    """Tell whether `flushed` works here."""
    return function("control") is not None


@contextmanager
def flushed(on: bool) -> Iterator[None]:
    """Compute with denormal numbers as zero (`on`) or exactly on this thread inside; put back afterwards.

    Threads started inside inherit it; threads that there are already are not touched. RuntimeError where
    `can_flush` is false.
    """
    control = function("control")
    if control is None:
        raise RuntimeError("this system has no way to flush denormal numbers to zero")
    bits = _FLUSH[machine() or ""]
    before = control(_WORD & ~bits, bits if on else 0)
    try:
        yield
    finally:
        control(_WORD & ~bits, before & bits)
