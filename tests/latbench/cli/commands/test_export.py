import pytest

from latbench.errors import EnvironmentFault
from latbench.pipeline import export as module

FACTORIES = """
from torch import nn
def make(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
def boom(): raise ValueError("no weights")
"""


@pytest.fixture
def factories(tmp_path, monkeypatch):
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(FACTORIES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_factory_is_exported_and_told(latbench, factories, tmp_path):
    code, out, err = latbench("export", f"{factories}:make", "--resolution", 16, "--output", tmp_path / "out")
    assert code == 0
    for word in ("opset 20", "nodes", "parity", "sha256", "KiB", "peak memory"):
        assert word in out
    assert err == f"{factories}:make: exporting it, target portable\n"
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".onnx", ".json", ".npz"}


def test_of_several_those_that_can_are_exported(latbench, factories, tmp_path):
    names = (f"{factories}:boom", f"{factories}:make")
    code, out, err = latbench("export", *names, "--resolution", 16, "--output", tmp_path / "out")
    assert code == 2
    assert "raised ValueError: no weights" in err
    assert "sha256" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Name the models to export, or give --all"),
        (("efficientmod_s", "--all"), "one of the two"),
        (("efficientmod_ss",), "did you mean efficientmod_s"),
        (("efficientmod_s", "--opset", 7), "--opset 7"),
        (("efficientmod_s", "--target", "gpu"), "--target 'gpu'"),
        (("efficientmod_s", "--expand", "twice"), "no --expand 'twice'; use one of: broadcast, repeat"),
        (("efficientmod_iso_196x11", "--resolution", 225), "cannot take resolution 225"),
        (("nothing.onnx",), "There is no file nothing.onnx"),
        (("nothing.pt2",), "There is no file nothing.pt2"),
        (("efficientmod_s", "--jobs", 0), "--jobs 0 is too small"),
        (("efficientmod_s", "--shape", "1x3"), "--shape is for one's own models; efficientmod_s has its own"),
        (("efficientmod_s", "--pin", "batch"), "--pin 'batch' cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(refused, words, told):
    assert told in refused(2, "export", *words)


def test_an_onnx_file_is_not_exported(refused, graph):
    assert "is an ONNX file already" in refused(2, "export", graph())
    assert "is an ONNX file already" in refused(2, "export", graph((1, 3, "h", "w"), "open.onnx"))


def test_a_factory_that_raises_is_named(refused, factories):
    sentence = refused(2, "export", f"{factories}:boom")
    assert f"{factories}:boom raised ValueError: no weights." in sentence


def test_a_refusal_by_the_gate_is_code_4(refused, monkeypatch):
    from exporters.errors import ExportError

    def refuse(*_):
        raise ExportError("efficientmod_s as captured: Resize is off by 3.")

    monkeypatch.setattr(module, "export", refuse)
    assert "Resize is off by 3" in refused(4, "export", "efficientmod_s")


def test_a_missing_package_is_code_6(refused, monkeypatch):
    def lack(*_):
        raise EnvironmentFault("onnx missing; pip install it.")

    monkeypatch.setattr(module, "export", lack)
    assert "pip install it" in refused(6, "export", "efficientmod_s")


def test_the_wishes_carry_the_forms_asked_for(latbench, monkeypatch):
    wishes = []

    def remember(wish, output):
        wishes.append(wish)
        raise EnvironmentFault("enough.")

    monkeypatch.setattr(module, "export", remember)
    words = ("--expand", "repeat", "--layout", "channels_first", "--target", "openvino", "--opset", 18)
    latbench("export", "efficientmod_s", "mbconv_iso_196x11", *words)
    assert wishes[0].forms == {"expand": "repeat", "layout": "channels_first"}
    assert wishes[1].forms == {"layout": "channels_first"}
    assert {(wish.target, wish.opset) for wish in wishes} == {("openvino", 18)}


@pytest.fixture
def fleet(monkeypatch, tmp_path):
    """Stands for the processes that export: parc_h_c4_14 is there already, what holds "iso" fails."""
    from exporters.errors import ExportError
    from latbench.pipeline import fleet as fleet_module
    from latbench.pipeline.fleet import Exported

    asked = {}

    def export_all(wishes, output, jobs, *, fresh, starting):
        asked.update(wishes=wishes, jobs=jobs, fresh=fresh)
        for wish, _ in wishes:
            starting(wish)
            error = ExportError(f"{wish.name} is out of parity.") if "iso" in wish.name else None
            yield Exported(wish, error=error, reused=error is None, peak_mib=None if error is None else 812.0)

    monkeypatch.setattr(fleet_module, "export_all", export_all)
    return asked


def test_the_whole_zoo_leaves_out_what_cannot_take_the_resolution(latbench, fleet):
    code, _, err = latbench("export", "--all", "--resolution", 256)
    assert code == 0
    assert "efficientmod_iso_196x11: left out. efficientmod_iso_196x11 cannot take resolution 256" in err
    assert "efficientmod_s is there already" in err
    assert fleet["fresh"] is False
    assert all(params for wish, params in fleet["wishes"] if wish.kind == "zoo")


def test_those_that_failed_are_told_again_at_the_end(latbench, fleet):
    code, out, err = latbench("export", "--all", "--jobs", 2, "--fresh")
    assert (code, out) == (4, "")
    lines = err.splitlines()
    assert lines[-1].startswith("latbench: ")
    assert lines[-1].endswith("is out of parity.")
    summary = next(line for line in lines if line.startswith("Of "))
    assert "efficientmod_iso_196x11" in summary
    assert "the largest process took 812 MiB" in summary
    assert (fleet["jobs"], fleet["fresh"]) == (2, True)


def test_several_named_models_may_go_at_once_and_are_made_anew(latbench, fleet):
    code, _, err = latbench("export", "parc_h_c4_14", "parc_w_c4_14", "--jobs", 2)
    assert code == 0
    assert [wish.name for wish, _ in fleet["wishes"]] == ["parc_h_c4_14", "parc_w_c4_14"]
    assert fleet["fresh"] is True
    assert "1 of 2: parc_h_c4_14 is there already" in err


def test_an_interrupt_says_how_far_it_came(latbench, monkeypatch):
    from latbench.pipeline import fleet as fleet_module

    def export_all(*_, **__):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(fleet_module, "export_all", export_all)
    code, _, err = latbench("export", "parc_h_c4_14", "parc_w_c4_14", "--jobs", 2)
    assert code == 130
    assert "Of 2: 0 exported, 0 there already, none failed, 2 not done; the same command goes on." in err


@pytest.mark.slow
def test_exports_in_processes_are_told_as_any_other(latbench, tmp_path):
    words = ("parc_h_c2_5", "--parc", "spatial", "--jobs", 2, "--output", tmp_path)
    code, out, err = latbench("export", *words)
    assert code == 0
    assert "sha256" in out
    assert "1 of 1: parc_h_c2_5 exported in" in err
    assert "Of 1: 1 exported, 0 there already, none failed; the largest process took" in err


def test_inputs_of_ones_own_model_are_asked_for(latbench, factories, tmp_path):
    words = (f"{factories}:make", "--shape", "2x3x8x9", "--range", "0:1", "--output", tmp_path / "out")
    code, _, _ = latbench("export", *words)
    assert code == 0
    (manifest,) = (tmp_path / "out").glob("*.json")
    import json

    told = json.loads(manifest.read_text())
    assert told["provenance"]["inputs"] == "--shape 2x3x8x9 --range 0:1"
    assert told["inputs"][0]["shape"] == [2, 3, 8, 9]


def test_what_the_circular_correlations_became_is_one_line(latbench, tmp_path):
    for asked, told in (
        ("crt2", "crt2 x1 (asked for)"),
        ("crt4_5", "(crt4_5 is not possible because "),
    ):
        code, out, _ = latbench("export", "parc_h_c4_14", "--parc", asked, "--output", tmp_path)
        assert code == 0
        assert "  parc    1 site: " in out
        assert told in out
    code, out, _ = latbench("export", "parc_h_c4_14", "--threads", 1, "--output", tmp_path)
    assert code == 0
    assert "(auto: the package's table, 1 thread)\n" in out
    assert (tmp_path / "parc_h_c4_14-14-portable-opset20-parc_auto-threads1.onnx").exists()


def test_what_tensorrt_does_not_take_is_told_where_it_is_the_target(latbench, tmp_path):
    words = ("parc_h_c4_7", "--parc", "dft_op", "--output", tmp_path)
    code, out, _ = latbench("export", *words, "--target", "tensorrt")
    assert code == 0
    (told,) = [line for line in out.splitlines() if "TensorRT" in line]
    assert told.startswith("  TensorRT does not take DFT x")
    assert told.endswith(
        "export it with --parc auto, or another lowering than dft_op, or use TensorRT 11.2 or later"
    )
    code, out, _ = latbench("export", *words)
    assert (code, "TensorRT" in out) == (0, False)


def test_a_lowering_that_there_is_not_is_refused_with_those_there_are(refused):
    sentence = refused(2, "export", "parc_resnet50", "--parc", "quick")
    assert "parc_resnet50 has no --parc 'quick'; use one of: auto, spatial, fft, circulant" in sentence


def test_a_form_that_no_model_has_is_refused(refused):
    sentence = refused(2, "export", "efficientmod_xxs", "--parc", "spatial")
    assert "--parc changes nothing in efficientmod_xxs; leave it out" in sentence
    assert "--threads 0 is too small; use 1 or more" in refused(2, "export", "parc_resnet50", "--threads", 0)
