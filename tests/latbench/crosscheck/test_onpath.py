import pytest

from latbench.crosscheck.onpath import found


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "some_benchmark"


def test_a_program_on_the_path_is_available(program):
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert found(program.name, "build it").available


def test_a_missing_one_is_told_with_its_mend(program):
    told = found(program.name, "build it")
    assert (told.available, told.mend) == (False, "build it")
    assert program.name in told.reason
