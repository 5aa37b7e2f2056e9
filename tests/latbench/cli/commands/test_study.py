import csv

import pytest

from latbench.cli import measuring
from latbench.cli.commands.study import short
from latbench.errors import BadInput


def test_without_a_name_the_studies_are_listed(latbench):
    code, out, _ = latbench("study")
    assert code == 0
    assert "expand" in out


def test_an_unknown_study_is_refused(refused):
    assert "nonsense" in refused(2, "study", "nonsense")


def test_a_subject_of_another_study_is_refused(refused):
    assert "efficientmod_s" in refused(2, "study", "expand", "--only", "efficientmod_s")


@pytest.fixture
def asked(monkeypatch):
    """Refuses every run; returns the options that it was asked for."""
    found = []

    def refused(options):
        found.append(options)
        raise BadInput("Not now.")

    monkeypatch.setattr(measuring, "measured", refused)
    return found


@pytest.mark.parametrize(
    ("device", "runtimes"),
    [("cpu", ("onnxruntime", "openvino")), ("cuda", ("tensorrt", "onnxruntime", "pytorch"))],
)
def test_a_device_has_its_own_runtimes(latbench, asked, tmp_path, device, runtimes):
    latbench("study", "expand", "--device", device, "--output", tmp_path)
    assert (asked[0].device, asked[0].runtimes) == (device, runtimes)


def test_an_option_of_a_runtimes_own_is_set(latbench, asked, refused, tmp_path):
    given = ("study", "expand", "--runtime", "pytorch", "--output", tmp_path)
    latbench(*given, "--set", "pytorch.channels_last=on")
    assert asked[0].knobs == {"pytorch": {"channels_last": True}}
    assert "--set openvino" in refused(2, *given, "--set", "openvino.nothing=1")


@pytest.mark.parametrize("option", ["--threads", "--launches", "--iterations"])
def test_a_count_of_nothing_is_refused(refused, asked, tmp_path, option):
    assert option in refused(2, "study", "expand", option, 0, "--output", tmp_path)
    assert asked == []


def test_columns_in_which_nothing_stands_are_left_out_of_the_table():
    rows = [{"ms": 1.23456, "device_ms": None}, {"ms": None, "device_ms": None}]
    assert short(rows) == [{"ms": 1.2346}, {"ms": None}]


@pytest.mark.slow
def test_a_study_leaves_its_answer_as_csv(latbench, tmp_path):
    few = ("--launches", 2, "--iterations", 4, "--runtime", "onnxruntime", "--output", tmp_path)
    code, out, _ = latbench("study", "expand", "--only", "efficientmod_block_c344_r6_7", *few)
    assert code == 0
    with (tmp_path / "expand.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["layout"] for row in rows] == ["channels_last", "channels_first"]
    assert all(float(row["repeat_over_broadcast"]) > 0 for row in rows)
    assert "efficientmod_block_c344_r6_7" in out
