"""CvT, PVT, Swin and CSWin with convolutional embeddings; no code of the authors can be held against."""

import re
from pathlib import Path

import pytest
import torch

from latbench.zoo.ce import MODELS, widths
from latbench.zoo.cetnet import MODELS as CETNETS
from latbench.zoo.counts import count
from latbench.zoo.layers.ce import ConvolutionalEmbedding
from latbench.zoo.registry import spec
from latbench.zoo.weights import live

PAGE = (Path(__file__).parents[3] / "docs" / "reconstructions.md").read_text("utf-8")
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
@pytest.mark.parametrize("target", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", SMALL)
def test_it_exports_within_the_gate(name, target, exported):
    assert exported(name, target).path.is_file()


def page(words):
    """Return the rows of docs/reconstructions.md whose text of cells matches `words`."""
    return [re.fullmatch(words, line).groups() for line in PAGE.splitlines() if re.fullmatch(words, line)]


NAME, FIGURE, OURS = r"\| `(\w+)` \| ", r"([\d.]+) \| ", r"([\d,]+) \(([+-][\d.]+) %\) \| "


def close(ours, told, published, unit, within):
    """Tell whether the page's percentage is right and no larger than `within`."""
    off = 100 * (ours / (float(published) * unit) - 1)
    return f"{off:+.2f}" == told and abs(off) <= within


def test_the_page_holds_our_counts_against_the_published_ones_of_all_eleven():
    rows = page(NAME + FIGURE + OURS + FIGURE + OURS[:-1])
    assert [row[0] for row in rows] == [known.name for known in (*CETNETS, *MODELS)]
    for name, params, ours, params_off, macs, counted, macs_off in rows:
        known = spec(name)
        assert (known.params, known.macs) == tuple(int(text.replace(",", "")) for text in (ours, counted))
        assert close(known.params, params_off, params, 1e6, 1)
        assert close(known.macs, macs_off, macs, 1e9, 3)


def test_the_page_holds_the_counts_at_384_against_the_published_ones():
    rows = page(NAME + FIGURE + OURS[:-1])
    assert [row[0] for row in rows] == [known.name for known in CETNETS]
    for name, macs, counted, off in rows:
        with torch.device("meta"):
            network = spec(name).build()
        found = count(network, 384).macs
        assert found == int(counted.replace(",", ""))
        assert close(found, off, macs, 1e9, 3)


@pytest.mark.parametrize("known", MODELS, ids=lambda known: known.name)
def test_the_page_tells_the_blocks_of_each(known):
    (line,) = [line for line in PAGE.splitlines() if re.match(rf"\|.*`{known.name}`.* \| \d, \d", line)]
    assert line.split(" | ")[1].startswith(", ".join(map(str, known.config["depths"])))
