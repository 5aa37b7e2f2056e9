import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from latbench.runtimes.ort.elf import needed


@pytest.fixture
def build(tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    source = tmp_path / "one.c"
    source.write_text("int one_of_test(void) { return 1; }\n")

    def build(name, *wants):
        command = ["gcc", "-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,{name}", "-o", str(tmp_path / name)]
        subprocess.run([*command, str(source), "-Wl,--no-as-needed", *map(str, wants)], check=True)
        return tmp_path / name

    return build


def test_what_a_library_is_linked_to_is_told_in_order(build):
    second, first = build("libsecond.so.2"), build("libfirst.so.1")
    assert needed(build("libboth.so", first, second)) == ("libfirst.so.1", "libsecond.so.2")
    assert needed(first) == ()


def test_it_agrees_with_a_library_built_elsewhere():
    found = [needed(path) for path in (Path(np.__file__).parent / "_core").glob("_multiarray_umath*.so")]
    if not found:
        pytest.skip("numpy has no such library here")
    assert any(name.startswith("libc.") for name in found[0])


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF\x01\x01" + bytes(100)])
def test_other_files_are_linked_to_nothing(tmp_path, content):
    (tmp_path / "other.so").write_bytes(content)
    assert needed(tmp_path / "other.so") == ()
