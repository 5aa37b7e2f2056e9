"""Which libraries a shared library is linked to, read from its file: loading would run its constructors."""

import mmap
import struct
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"  # 64 bits, least significant byte first
_HEADER = 64
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS = 0, 1, 5


def needed(path: Path) -> tuple[str, ...]:
    """Return the names of the libraries that the ELF library at `path` is linked to, in the file's order.

    () for what is no such file of 64 bits. The format: the System V ABI's chapters "Object Files" and
    "Dynamic Linking".
    """
    if path.stat().st_size < _HEADER:
        return ()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _needed(data)


def _needed(data: mmap.mmap) -> tuple[str, ...]:
    if data[: len(_MAGIC)] != _MAGIC:
        return ()
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    # Of a program header: type, flags, offset, address, physical address, bytes in the file.
    headers = [struct.unpack_from("<IIQQQQ", data, table + index * size) for index in range(count)]
    entries = [
        struct.unpack_from("<qQ", data, place)
        for kind, _, offset, _, _, length in headers
        if kind == _DYNAMIC
        for place in range(offset, offset + length, 16)
    ]
    live = entries[: next((index for index, (tag, _) in enumerate(entries) if tag == _END), len(entries))]
    strings = next((value for tag, value in live if tag == _STRINGS), None)
    if strings is None:
        return ()
    base = next(
        strings - address + offset
        for kind, _, offset, address, _, length in headers
        if kind == _LOAD and address <= strings < address + length
    )
    starts = (base + value for tag, value in live if tag == _NEEDED)
    return tuple(data[start : data.find(b"\0", start)].decode() for start in starts)
