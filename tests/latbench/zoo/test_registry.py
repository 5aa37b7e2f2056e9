import subprocess
import sys

import pytest

from latbench.errors import BadInput
from latbench.zoo.registry import models, spec

PUBLISHED = {f"efficientmod_{size}" for size in ("xxs", "xs", "s", "s_conv")}
PAIRS = {f"{block}_iso_{size}" for block in ("efficientmod", "mbconv") for size in ("196x11", "256x13")}
CHANGES = (
    "nof",
    "nog",
    "conv",
    "fonly",
    "gonly",
    "sum",
    "ctx33",
    "ctx35",
    "ctx37",
    "ctx55",
    "ctx57",
    "ctx357",
)


def test_the_zoo_holds_the_published_networks_and_the_ablations():
    expected = PUBLISHED | PAIRS | {"mbconv_hier"} | {f"efficientmod_s_conv_{change}" for change in CHANGES}
    assert expected <= {known.name for known in models()}


def test_a_spec_is_found_by_its_name():
    assert all(spec(known.name) is known for known in models())


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("efficientmod_xx", "efficientmod_xxs"),
        ("EfficientMod-S", "efficientmod_s"),
        ("mbconv_iso", "mbconv_iso_196x11"),
    ],
)
def test_near_names_are_suggested(name, suggested):
    with pytest.raises(BadInput, match=f"{name!r}.*did you mean .*{suggested}"):
        spec(name)


def test_a_name_near_to_nothing_points_to_the_list():
    with pytest.raises(BadInput, match="`latbench list`"):
        spec("??")


def test_listing_the_zoo_imports_no_torch():
    code = "import sys, latbench.zoo.registry as zoo; assert zoo.models(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_that_timm_has_is_told_as_timms(monkeypatch):
    monkeypatch.setattr("latbench.zoo.registry.names", lambda: frozenset({"resnet18"}))
    with pytest.raises(BadInput, match="timm has it: timm:resnet18"):
        spec("resnet18")
    with pytest.raises(BadInput, match="did you mean"):
        spec("resnet51")
