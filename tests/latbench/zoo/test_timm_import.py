"""The import of timm, beside stand-ins for it and for torchvision that behave like the real ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latbench.errors import EnvironmentFault
from latbench.zoo import timm_import

ROOT = Path(__file__).parents[3]
# As the wheel of torchvision ends beside a PyTorch that it was not made for.
VISION = """
import torch
import torchvision.extension
torch.library.register_fake("torchvision::nms")(lambda dets, scores, iou_threshold: scores)
torch.library.register_fake("torchvision::qnms")(lambda dets, scores, iou_threshold: scores)
"""
TIMM = "import torchvision.extension\nTIMES = torchvision.extension.TIMES\n"
PRINT = """
import sys
from latbench.errors import EnvironmentFault
from latbench.zoo.timm_import import imported
import torch
try:
    print(imported().__name__, imported() is imported())
except EnvironmentFault as error:
    print(error)
left = [name for name in sys.modules if name.partition(".")[0] in ("timm", "torchvision")]
print(sorted(left), hasattr(torch.ops.torchvision, "nms"), hasattr(torch.ops.torchvision, "qnms"))
"""


@pytest.fixture
def told(tmp_path):
    """Return what is printed where these are timm and torchvision."""

    def run(timm=TIMM, vision=VISION):
        for name, source in {"timm": timm, "torchvision": vision}.items():
            folder = tmp_path / name
            folder.mkdir()
            (folder / "__init__.py").write_text(source)
            (folder / "extension.py").write_text("TIMES = 1\n")
        path = os.pathsep.join((str(tmp_path), str(ROOT)))
        environ = {**os.environ, "PYTHONPATH": path}
        command = [sys.executable, "-c", PRINT]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return run


def test_it_is_imported_where_torchvision_lacks_its_operators(told):
    assert told() == ["timm True", "['timm', 'torchvision', 'torchvision.extension'] True True"]


def test_where_torchvision_is_whole_nothing_is_declared(told):
    assert told(vision="import torchvision.extension") == [
        "timm True",
        "['timm', 'torchvision', 'torchvision.extension'] False False",
    ]


@pytest.mark.parametrize(
    ("timm", "vision"),
    [
        (TIMM, "import torchvision.extension\nraise RuntimeError('no such\\nlibrary.')"),
        (TIMM + "raise ImportError('no such library')", VISION),
    ],
)
def test_what_fails_otherwise_is_told_in_a_sentence_and_leaves_nothing(told, timm, vision):
    sentence, left = told(timm, vision)
    assert sentence.startswith("timm cannot be imported: ")
    assert sentence.endswith("Error: no such library; install it again: pip install 'latbench[timm]'.")
    assert left == "[] False False"


@pytest.fixture
def nowhere(monkeypatch):
    """Hide a package from the search for it."""
    real = timm_import.find_spec

    def hide(hidden):
        monkeypatch.setattr(timm_import, "find_spec", lambda name: None if name == hidden else real(name))

    return hide


@pytest.mark.parametrize("name", timm_import.NEEDED)
def test_what_is_lacking_is_named_with_how_to_get_it(nowhere, name):
    nowhere(name)
    assert name in timm_import.missing()
    assert timm_import.missing().endswith("cannot be found: pip install 'latbench[timm]'")
    with pytest.raises(EnvironmentFault, match=rf"^timm cannot be imported, for .*{name}.* cannot be found"):
        timm_import.imported.__wrapped__()


def test_without_timm_the_number_of_its_models_is_unknown(nowhere):
    nowhere("timm")
    assert timm_import.how_many() is None
    assert not timm_import.names()


def test_its_models_are_counted_without_importing_it(timm):
    assert timm_import.how_many() == len(timm.list_models())
    assert timm_import.names() == set(timm.list_models())
    assert timm_import.installed() == timm.__version__
