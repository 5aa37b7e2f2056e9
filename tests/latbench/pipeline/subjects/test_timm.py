import pytest

from latbench.errors import BadInput, EnvironmentFault
from latbench.pipeline.subjects import kinds, resolve
from latbench.pipeline.subjects import timm as subject

# One model of each family, small: a network of one size is not smaller than that.
FAMILIES = {
    "deit_tiny": 64,
    "efficientformer_l1": 224,
    "efficientformerv2_s0": 64,
    "efficientnet_b0": 64,
    "fasternet_t0": 64,
    "mobilenetv2_140": 64,
    "mobileone_s1": 64,
    "mobilevitv2_050": 64,
    "poolformer_s12": 64,
    "timm:resnet18": 64,
}
TOLD = {
    "family": "ResNet",
    "channels": 3,
    "resolution": 64,
    "params": 7,
    "macs": 9,
    "folds": True,
}


@pytest.fixture
def told(monkeypatch):
    """Stand in for the process that asks timm; returns what it was asked."""
    asked = []
    subject._facts.cache_clear()
    monkeypatch.setattr(subject, "missing", lambda: None)
    monkeypatch.setattr(subject, "call", lambda task, arguments: asked.append((task, arguments)) or TOLD)
    yield asked
    subject._facts.cache_clear()


def test_a_model_brings_what_timm_knows_and_is_looked_up_once(told):
    found, again = (resolve("timm:resnet18", 64) for _ in range(2))
    assert found.params == again.params
    assert told == [("timm", {"name": "resnet18", "resolution": 64})]
    assert (found.kind, found.family, found.params, found.macs) == ("timm", "ResNet", 7, 9)
    assert (found.resolution, found.input_shape) == (64, "1x3x64x64")


def test_folded_branches_are_told_of_in_the_row_and_the_manifest(told):
    wish = resolve("timm:mobileone_s0").wish("onnxruntime", 20)
    assert wish.lowering == "reparam=fused"
    assert wish.provenance["forms"] == "reparam=fused"


def test_the_prefix_always_means_timm():
    for name in ("timm:resnet50", "timm:hf-hub:timm/resnet18", "timm:a.onnx"):
        assert next(kind for kind in kinds().values() if kind.claims(name)).name == "timm"


@pytest.mark.parametrize(("name", "resolution"), [("timm:", None), ("timm:resnet18", 0)])
def test_what_can_mean_nothing_is_refused(name, resolution):
    with pytest.raises(BadInput, match=r"leave out --resolution|write timm:NAME"):
        resolve(name, resolution)


def test_without_timm_the_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(subject, "missing", lambda: "timm cannot be found: pip install it")
    with pytest.raises(EnvironmentFault, match=r"^timm:resnet18 cannot be built: timm cannot be found: pip"):
        resolve("timm:resnet18")


def test_a_process_that_dies_is_told_of(told, monkeypatch):
    def die(*_):
        raise subject.WorkerDied("killed")

    monkeypatch.setattr(subject, "call", die)
    with pytest.raises(EnvironmentFault, match="timm:resnet18 cannot be looked up: killed"):
        resolve("timm:resnet18")


@pytest.mark.slow
def test_an_unknown_name_brings_near_names(timm):
    with pytest.raises(BadInput, match=r"did you mean .*timm:resnet18"):
        resolve("timm:resnet_18")


@pytest.mark.slow
def test_it_is_built_as_a_runtime_will_build_it_again(timm):
    import torch

    from latbench.runtimes.base import Source
    from latbench.runtimes.pt.load import build

    found = resolve("timm:mobileone_s1", 64)
    built = kinds()["timm"].build(found.wish("portable", 20))
    again = build(Source("module", factory=built.factory, kwargs=built.kwargs))
    assert built.inputs[0].shape == (1, 3, 64, 64)
    assert sum(parameter.numel() for parameter in built.module.parameters()) == found.params
    assert torch.equal(built.module(*built.inputs), again(*built.inputs))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_its_exports_pass_the_gate(timm, tmp_path, name):
    from latbench.pipeline.export import build, export_built

    found = resolve(name, FAMILIES[name])
    wishes = [found.wish(target, 20) for target in ("onnxruntime", "openvino")]
    built = build(wishes[0])
    for wish in wishes:
        artifact = export_built(wish, built, tmp_path)
        assert artifact.path.is_file()
        assert artifact.manifest["provenance"].get("forms") == wish.lowering
