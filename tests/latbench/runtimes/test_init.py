import subprocess
import sys
from pathlib import Path

import pytest

from latbench import runtimes
from latbench.errors import BadInput


def test_runtimes_are_found_by_name():
    assert all(runtimes.get(name).name == name for name in runtimes.runtimes())


def test_a_near_name_is_suggested():
    with pytest.raises(BadInput, match=r"'opnvino'; did you mean 'openvino'\?"):
        runtimes.get("opnvino")


def test_a_far_name_gets_the_list():
    with pytest.raises(BadInput, match="onnxruntime, onnxruntime_tensorrt, openvino, pytorch, tensorrt"):
        runtimes.get("zzz")


def test_the_stand_in_of_the_tests_is_not_offered():
    assert set(runtimes.runtimes()) - set(runtimes.offered()) == {"fake"}


def test_walking_the_runtimes_imports_no_vendor():
    code = (
        "import sys; from latbench import runtimes; runtimes.runtimes();"
        "print(sorted({'torch', 'onnx', 'onnxruntime', 'openvino'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_folder_holds_the_protocol_the_runtimes_and_rooms():
    folder = Path(runtimes.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert files == set(runtimes.runtimes())
