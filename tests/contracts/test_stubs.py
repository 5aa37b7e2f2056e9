"""The stub libraries themselves: the loader takes them, and each function returns a null pointer."""

import ctypes
import platform
import struct
import sys

import pytest
import stubs

HERE = platform.machine()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF is Linux's format")
@pytest.mark.skipif(HERE not in stubs.MACHINES, reason=f"no code for {HERE}")
def test_the_loader_finds_every_function_and_each_returns_nothing(tmp_path):
    names = [f"function{index}" for index in range(300)]
    loaded = ctypes.CDLL(str(stubs.library(tmp_path / "any.so", "libany.so.3", names, HERE)))
    for name in names:
        function = loaded[name]
        function.restype = ctypes.c_void_p
        assert function(1, b"two", None) is None
    with pytest.raises(AttributeError):
        loaded.function300  # noqa: B018


@pytest.mark.parametrize("machine", stubs.MACHINES)
def test_a_library_of_either_architecture_names_itself(tmp_path, machine):
    held = stubs.library(tmp_path / "one.so", "libone.so.7", ("f", "g"), machine).read_bytes()
    assert held[:5] == b"\x7fELF\x02"
    assert struct.unpack_from("<H", held, 18) == (stubs.MACHINES[machine][0],)
    tags = dict(struct.iter_unpack("<qQ", held[stubs.PAGE :]))
    named = held[tags[stubs.STRTAB] + tags[stubs.SONAME] :].split(b"\0")[:3]
    assert named == [b"libone.so.7", b"f", b"g"]
    assert held.count(stubs.MACHINES[machine][1]) == 1


def test_another_architecture_has_no_stub(tmp_path):
    with pytest.raises(KeyError):
        stubs.library(tmp_path / "one.so", "libone.so", (), "riscv64")
