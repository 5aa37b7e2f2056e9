"""CvT, PVT, Swin and CSWin with convolutional embeddings; no code of the authors can be held against."""

import pytest
import torch

from exporters import export
from latbench import create_model
from latbench.zoo.ce import MODELS, widths
from latbench.zoo.create import example_input
from latbench.zoo.layers.ce import ConvolutionalEmbedding
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

SMALL = {
    "ce_cvt_13": {"dims": (8, 16, 24), "heads": (1, 2, 3), "depths": (1, 1, 1)},
    "ce_pvt_s": {"dims": (8, 16, 24, 32), "heads": (1, 1, 1, 1), "depths": (1, 1, 1, 1)},
    "ce_swin_t": {**widths(8, 1), "depths": (1, 2, 1, 1)},
    "ce_cswin_t": {**widths(8, 2), "depths": (1, 2, 1, 1)},
}


def small(name):
    known = spec(name)
    network = type(known)(**{**vars(known), "config": SMALL[name]}).build()
    live(network.eval())
    return network.requires_grad_(False)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(32, 32), (50, 66), (97, 33)])
def test_it_takes_any_size_and_each_image_by_itself(name, size):
    network = small(name)
    images = torch.randn((3, 3, *size), generator=torch.Generator().manual_seed(0))
    logits = network(images)
    assert logits.shape == (3, 1000)
    torch.testing.assert_close(logits[2:], network(images[2:]), rtol=1e-4, atol=1e-4)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01 * float(logits.abs().max())


@pytest.mark.parametrize("known", MODELS, ids=lambda known: known.name)
def test_its_embeddings_are_all_that_differ_from_a_network_of_its_kind(known):
    with torch.device("meta"):
        network = known.build()
        embeddings = {
            name: part for name, part in network.named_modules() if isinstance(part, ConvolutionalEmbedding)
        }
        plain = type(network)(**{name: value for name, value in known.config.items() if name != "units"})
    units = known.config.get("units", (4, 4, 4, 4))
    assert tuple(len(part.units) for part in embeddings.values()) == tuple(units)
    assert len(embeddings) == len(known.config["depths"])

    def others(module):
        found = dict(module.named_parameters())
        steps = ("embed", "merge", "downsample")
        return {name: part.shape for name, part in found.items() if not any(one in name for one in steps)}

    assert others(network) == others(plain)


def test_each_is_labelled_a_reconstruction_and_named_for_its_original():
    assert [known.name for known in MODELS] == [
        *("ce_cvt_13", "ce_pvt_s", "ce_swin_t", "ce_swin_s", "ce_swin_b"),
        *("ce_cswin_t", "ce_cswin_s", "ce_cswin_b"),
    ]
    assert {known.evidence.label for known in MODELS} == {"reconstruction"}
    assert all(known.code is None and known.top1 for known in MODELS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
def test_it_exports_within_the_gate(name, target, tmp_path):
    artifact = export(
        create_model(name), (example_input(spec(name)),), name=name, output=tmp_path, target=target
    )
    assert artifact.path.is_file()
