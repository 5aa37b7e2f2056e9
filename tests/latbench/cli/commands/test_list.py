import csv
import io
import json

from latbench.zoo.registry import models


def test_the_whole_zoo_with_its_published_figures(latbench):
    code, out, err = latbench("list", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, err) == (0, "")
    assert [row["name"] for row in rows] == [model.name for model in models()]
    assert {row["name"]: row["top1"] for row in rows}["efficientmod_s"] == "81.0"


def test_named_models_only(latbench):
    _, out, _ = latbench("list", "efficientmod_s", "--format", "json")
    (row,) = json.loads(out)
    assert (row["params"], row["macs"], row["resolution"]) == (12_897_184, 1_402_143_200, 224)


def test_the_table_is_for_people(latbench):
    _, out, _ = latbench("list", "efficientmod_s")
    assert "12 897 184" in out
    assert "MACs do not count" not in out


def test_an_unknown_model_brings_near_names(refused):
    assert "did you mean efficientmod_s" in refused(2, "list", "efficientmod_ss")


def test_an_unknown_format_is_refused(refused):
    assert "--format 'xml'" in refused(2, "list", "--format", "xml")


def test_without_timm_the_list_says_how_to_get_it(latbench, monkeypatch):
    from latbench.zoo import timm_import

    monkeypatch.setattr(timm_import, "find_spec", lambda name: None)
    code, out, err = latbench("list")
    assert code == 0
    assert "fasternet_t0" in out
    assert "models from timm, and timm:NAME, cannot be built here: timm and torchvision and torch" in err
    assert "pip install 'latbench[timm]'." in err


def test_with_timm_the_list_says_how_many_more_models_there_are(latbench, timm):
    _, out, err = latbench("list")
    assert f"timm:NAME is any of the {len(timm.list_models())} models of timm {timm.__version__}" in err
    assert "cannot be built" not in err
    assert "resnet18" not in out


def test_another_version_of_timm_is_told(latbench, monkeypatch, timm):
    from latbench.zoo import timm_spec

    monkeypatch.setattr(timm_spec, "installed", lambda: "0.9.1")
    _, _, err = latbench("list")
    assert err.count("None of the models from timm can be built here: ") == 1


def test_each_model_says_from_which_package_it_is(latbench):
    _, out, _ = latbench("list", "fasternet_t0", "efficientmod_s", "--format", "json")
    assert [row["from"] for row in json.loads(out)] == ["timm", "latbench"]
