import json
from types import SimpleNamespace

import numpy as np
import pytest

from latbench.pipeline import export, prepare
from latbench.pipeline import lowered as module
from latbench.pipeline.lowered import EMPTY, NOTE, empty, known, lowered, structure
from latbench.pipeline.prepared import Prepared
from latbench.pipeline.wish import EAGER, Wish

NAME = "efficientmod_block_c4_r2_6"


@pytest.fixture(autouse=True)
def sources_stand(monkeypatch):
    """No source file counts as edited while the tests run: what they made stays good."""
    for one in (export, prepare):
        monkeypatch.setattr(one, "younger_than_code", lambda _: True)


def wish(expand, target="portable", name=NAME):
    forms = {"expand": expand, "layout": "channels_last"}
    return Wish(kind="block", name=name, resolution=6, target=target, forms=forms)


def job(*wishes, large=False):
    return {"wishes": [one.to_json() for one in wishes], "large": large}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the artifacts of both forms and what PyTorch needs, and the outcomes."""
    folder = tmp_path_factory.mktemp("artifacts")
    wishes = (wish("broadcast"), wish("repeat"), wish("repeat", EAGER))
    (found,) = lowered([job(*wishes)], str(folder))["outcomes"]
    return SimpleNamespace(folder=folder, wishes=wishes, found=found)


def test_every_form_of_a_subject_is_prepared(made):
    prepared = [Prepared.from_json(one["prepared"]) for one in made.found]
    assert [one.source.kind for one in prepared] == ["onnx", "onnx", "module"]
    assert prepared[0].artifact_sha256 != prepared[1].artifact_sha256
    assert len({one.input_sha256 for one in prepared}) == 1
    assert all("structure" in one for one in made.found[:2])
    assert json.loads(json.dumps(made.found)) == made.found


def test_forms_of_a_subject_share_their_reference_on_the_disk(made):
    broadcast, repeat = (made.folder / f"{one.stem}.npz" for one in made.wishes[:2])
    assert broadcast.samefile(repeat)


def test_what_was_made_is_known_again_without_a_worker(made):
    assert [known(one, made.folder) for one in made.wishes] == made.found
    assert known(wish("broadcast", "openvino"), made.folder) is None
    assert known(wish("broadcast", EAGER), made.folder) is None


def test_a_structure_that_is_not_noted_is_made_again(made):
    note = (made.folder / f"{made.wishes[0].stem}.onnx").with_suffix(NOTE)
    kept = note.read_bytes()
    for spoilt in (b"", b"{}", kept.replace(b'"sha256": "', b'"sha256": "0')):
        note.write_bytes(spoilt)
        assert known(made.wishes[0], made.folder) is None
        (found,) = lowered([job(made.wishes[0])], str(made.folder))["outcomes"]
        assert found == made.found[:1]
        assert note.read_bytes() == kept


def test_a_second_process_takes_half_and_large_subjects_go_alone(made, monkeypatch):
    here, real = [], module._subject
    monkeypatch.setattr(module, "_subject", lambda *given: here.append(given[0]) or real(*given))
    jobs = [job(made.wishes[0]), job(made.wishes[1]), job(made.wishes[2], large=True)]
    found = lowered(jobs, str(made.folder))["outcomes"]
    assert found == [[one] for one in made.found]
    assert here == [jobs[0], jobs[2]]


def test_what_the_second_process_leaves_undone_is_done_here(made, monkeypatch):
    monkeypatch.setattr(module.sys, "executable", "false")
    jobs = [job(one) for one in made.wishes[:2]]
    assert lowered(jobs, str(made.folder))["outcomes"] == [[one] for one in made.found[:2]]


def test_what_cannot_be_exported_says_why_and_the_others_go_on(made):
    lost = Wish(kind="factory", name="nowhere:make")
    (found,) = lowered([job(lost, made.wishes[0])], str(made.folder))["outcomes"]
    assert "nowhere:make cannot be imported" in found[0]["failed"]
    assert found[1] == made.found[0]


def test_lowerings_share_one_captured_graph_and_the_modules_own_fft_has_another(tmp_path, monkeypatch):
    import exporters.capture

    captured, exported = [], []
    built = SimpleNamespace(module="module", inputs=())
    monkeypatch.setattr(module, "build", lambda one: built)
    monkeypatch.setattr(
        exporters.capture, "capture", lambda *_: captured.append(len(captured)) or captured[-1]
    )
    monkeypatch.setattr(module, "existing", lambda *_: None)

    def made(one, built, folder, captured):
        exported.append((one.forms["parc"], captured))
        (folder / f"{one.stem}.npz").write_bytes(b"reference")
        return SimpleNamespace(reference=folder / f"{one.stem}.npz")

    monkeypatch.setattr(module, "export_built", made)
    monkeypatch.setattr(module, "of", lambda artifact: {})
    wishes = [
        Wish(kind="parc", name="p", forms={"parc": value})
        for value in ("spatial", "circulant", "fft", "auto")
    ]
    lowered([job(*wishes)], str(tmp_path))
    assert exported == [("spatial", 0), ("circulant", 0), ("fft", 1), ("auto", 0)]


@pytest.fixture
def graph(tmp_path):
    """Writes y = (x + constant) op x under other names; returns it as an artifact."""
    import onnx
    from onnx import helper, numpy_helper

    def write(file, prefix="", constant=1.0, op="Mul", swap=False):
        x, c, s, y = (prefix + name for name in "xcsy")
        values = [helper.make_tensor_value_info(name, 1, (2,)) for name in (x, y)]
        nodes = [
            helper.make_node("Add", [x, c], [s], name=f"{prefix}add"),
            helper.make_node(op, [x, s] if swap else [s, x], [y]),
        ]
        weights = [numpy_helper.from_array(np.full(2, constant, np.float32), c)]
        model = helper.make_model(helper.make_graph(nodes, prefix or "g", values[:1], values[1:], weights))
        path = tmp_path / f"{file}.onnx"
        onnx.save(model, path)
        return SimpleNamespace(path=path, sha256=file)

    return write


def test_a_structure_is_that_of_the_graph_whatever_its_names(graph):
    one = structure(graph("one"))
    assert structure(graph("renamed", prefix="other.")) == one
    others = [graph("a", constant=2.0), graph("b", op="Sub"), graph("c", op="Sub", swap=True)]
    assert len({one, *map(structure, others)}) == 4


def test_the_empty_graph_gives_back_its_input(tmp_path):
    from exporters.execute import execute

    assert empty(str(tmp_path)) == {}
    with np.load(tmp_path / f"{EMPTY}.npz") as arrays:
        found = execute(str(tmp_path / f"{EMPTY}.onnx"), {"x": arrays["input:x"]})
        assert found["y"] == arrays["output:y"]
