"""The real bindings of TensorRT 10 and 11, described once a session."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file

import bindings


@pytest.fixture(scope="session", params=bindings.MAJORS, ids=lambda major: f"tensorrt-{major}")
def major(request):
    reason = bindings.why_not(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture(scope="session")
def folder(major, tmp_path_factory):
    """The folder with the stub libraries."""
    return bindings.libraries(tmp_path_factory.mktemp(f"tensorrt{major}"), major)


@pytest.fixture(scope="session")
def offered(major, folder):
    """What the bindings of that version offer."""
    return bindings.described(folder, major)
