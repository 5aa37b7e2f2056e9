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
