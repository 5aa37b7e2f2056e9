"""Shared libraries that do nothing, written byte by byte: a machine without a C compiler has them too.

Each function of one takes anything and returns 0 (a null pointer): enough for a module linked against the
real library to be imported and looked at. The layout follows the ELF-64 specification: one page of headers,
tables and code, and one writable page for the dynamic section, which older loaders write into.
"""

import struct
from collections.abc import Sequence
from pathlib import Path

PAGE = 0x10000  # of 64 KiB, the largest that the two architectures use
# By platform.machine(): the number of the architecture in ELF, and `return 0` in its code.
MACHINES = {
    "x86_64": (62, bytes.fromhex("31c0c3")),  # xor eax, eax; ret
    "aarch64": (183, bytes.fromhex("000080d2c0035fd6")),  # mov x0, #0; ret
}
LOAD, DYNAMIC, STACK = 1, 2, 0x6474E551
HASH, STRTAB, SYMTAB, STRSZ, SYMENT, SONAME = 4, 5, 6, 10, 11, 14
READ, WRITE, EXECUTE = 4, 2, 1


def library(path: Path, soname: str, functions: Sequence[str], machine: str) -> Path:
    """Write a shared library of that name and return its path.

    Args:
        path: the file to be written.
        soname: the name a loader knows the library by, such as "libnvinfer.so.11".
        functions: the symbols it exports.
        machine: a key of MACHINES, as `platform.machine()` has it; KeyError for any other.
    """
    number, code = MACHINES[machine]
    code += bytes(-len(code) % 16)
    strings, offsets = b"\0", []
    for word in (soname, *functions):
        offsets.append(len(strings))
        strings += word.encode("ascii") + b"\0"
    strings += bytes(-len(strings) % 16)

    symbols = len(functions) + 1  # the first entry of a symbol table is none
    # One bucket that chains every symbol: all are found, in whatever order they are asked for.
    table = struct.pack(f"<{3 + symbols}I", 1, symbols, 1 if functions else 0, *chain(symbols))
    table += bytes(-len(table) % 16)
    at_symbols = 64 + 4 * 56
    at_strings = at_symbols + 24 * symbols
    at_strings += -at_strings % 16
    at_table = at_strings + len(strings)
    at_code = at_table + len(table)

    entries = bytes(24)
    for offset in offsets[1:]:
        # name, global function, visibility, section (any that is not "undefined"), address, size
        entries += struct.pack("<IBBHQQ", offset, 0x12, 0, 1, at_code, len(code))
    entries += bytes(at_strings - at_symbols - len(entries))
    dynamic = b"".join(
        struct.pack("<qQ", tag, value)
        for tag, value in (
            (SONAME, offsets[0]),
            (HASH, at_table),
            (STRTAB, at_strings),
            (SYMTAB, at_symbols),
            (STRSZ, len(strings)),
            (SYMENT, 24),
            (0, 0),
        )
    )
    end = at_code + len(code)
    segments = (
        (LOAD, READ | EXECUTE, 0, end, PAGE),
        (LOAD, READ | WRITE, PAGE, len(dynamic), PAGE),
        (DYNAMIC, READ | WRITE, PAGE, len(dynamic), 8),
        (STACK, READ | WRITE, 0, 0, 16),  # says that the stack need not be executable
    )
    headers = b"".join(
        struct.pack("<IIQQQQQQ", kind, flags, at, at, at, size, size, align)
        for kind, flags, at, size, align in segments
    )
    ident = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 3, number, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    first = header + headers + entries + strings + table + code
    path.write_bytes(first + bytes(PAGE - len(first)) + dynamic)
    return path


def chain(symbols: int) -> list[int]:
    """Return the chain of a hash table with one bucket: each symbol leads to the next, the last to none."""
    return [0, *(index + 1 if index + 1 < symbols else 0 for index in range(1, symbols))]
