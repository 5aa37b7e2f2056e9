"""ParC against its definition, its two forms against each other, and both against the authors' code."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latbench.errors import BadInput
from latbench.zoo.layers.parc import (
    AXES,
    ParC,
    circular_fft,
    circular_spatial,
    crossed,
    eager_form,
    resized,
)
from latbench.zoo.weights import live

GOLDENS = Path(__file__).parents[3] / "data" / "goldens"
OPERATORS = {
    name: golden
    for name, golden in json.loads((GOLDENS / "parc_blocks.json").read_text()).items()
    if name.startswith("op_")
}
KEYS = {"meta_pe": "pe", "weight": "gcc_conv.weight", "bias": "gcc_conv.bias"}
"""The keys of the co-author's class, and ours."""

LENGTHS = (1, 2, 3, 7, 8, 13, 14, 31, 56)


def tensors(generator, length, axis, *, channels=(4, 4), groups=4, dtype=torch.float64):
    size = (length, 5) if axis == "h" else (5, length)
    window = (length, 1) if axis == "h" else (1, length)
    shapes = (2, channels[0], *size), (channels[1], channels[0] // groups, *window), (channels[1],)
    return [torch.from_numpy(generator.standard_normal(shape)).to(dtype) for shape in shapes]


def by_definition(x, weight, bias, axis):
    along, taps = np.moveaxis(x.numpy(), AXES[axis], -1), weight.flatten(2).numpy()
    length, groups = along.shape[-1], x.shape[1] // weight.shape[1]
    out = np.zeros((*along.shape[:1], len(taps), *along.shape[2:]))
    for o in range(len(taps)):
        first = o // (len(taps) // groups) * weight.shape[1]
        for c in range(weight.shape[1]):
            for i in range(length):
                for k in range(length):
                    out[:, o, :, i] += taps[o, c, k] * along[:, first + c, :, (i + k) % length]
    return np.moveaxis(out + bias.numpy()[None, :, None, None], -1, AXES[axis])


@pytest.mark.parametrize("form", [circular_spatial, circular_fft])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(("channels", "groups"), [((4, 4), 4), ((3, 5), 1), ((4, 6), 2)])
def test_a_form_is_the_circular_correlation_that_wraps_and_does_not_flip(form, axis, channels, groups):
    x, weight, bias = tensors(np.random.default_rng(1), 7, axis, channels=channels, groups=groups)
    expected = by_definition(x, weight, bias, axis)
    np.testing.assert_allclose(form(x, weight, bias, axis).numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 2e-6)])
@pytest.mark.parametrize("groups", [4, 1])
@pytest.mark.parametrize("axis", AXES)
def test_the_forms_agree_at_any_length(axis, groups, dtype, bound):
    generator = np.random.default_rng(2)
    for length in LENGTHS:
        x, weight, bias = tensors(generator, length, axis, groups=groups, dtype=dtype)
        spatial, fft = (form(x, weight, bias, axis) for form in (circular_spatial, circular_fft))
        assert fft.dtype == dtype
        assert fft.shape == spatial.shape == x.shape
        assert (spatial - fft).abs().max() <= bound * spatial.abs().max(), length


@pytest.mark.parametrize("form", [circular_spatial, circular_fft])
def test_no_bias_adds_nothing(form):
    x, weight, bias = tensors(np.random.default_rng(3), 6, "w")
    torch.testing.assert_close(form(x, weight, None, "w") + bias[:, None, None], form(x, weight, bias, "w"))


@pytest.mark.parametrize("form", ["spatial", "fft"])
@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_gives_the_outputs_of_the_authors_code(name, form):
    golden, arrays = OPERATORS[name], np.load(GOLDENS / "parc_blocks.npz")
    shapes = dict(golden["state_dict"])
    held = {key: torch.zeros(shape) for key, shape in shapes.items()}
    live(SimpleNamespace(state_dict=lambda: held))
    axis = "h" if "_H_" in name else "w"
    weight = next(shape for key, shape in shapes.items() if key.endswith("weight"))
    operator = ParC(
        weight[0],
        weight[AXES[axis]],
        axis,
        dense=weight[1] > 1,
        embedding=any(key.endswith("pe") for key in shapes),
        form=form,
    )
    operator.load_state_dict({KEYS.get(key, key): tensor for key, tensor in held.items()})
    noise = np.random.default_rng(0).standard_normal(golden["input_shape"]).astype(np.float32)
    with torch.inference_mode():
        output = operator(torch.from_numpy(noise)).numpy()
    bound = 1e-5 * golden["max_abs"]
    assert np.abs(output.ravel()[arrays[f"{name}.index"]] - arrays[f"{name}.value"]).max() <= bound
    assert output.std() == pytest.approx(golden["std"], rel=1e-5)
    assert np.abs(output).max() == pytest.approx(golden["max_abs"], rel=1e-5)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("size", [1, 5, 7, 12, 13])
def test_resizing_interpolates_linearly_between_aligned_corners(axis, size):
    values = np.random.default_rng(4).standard_normal((3, 2, 7))
    held = torch.from_numpy(values).unsqueeze(-1 if axis == "h" else -2)
    places = np.linspace(0, 6, size)
    expected = np.stack([[np.interp(places, range(7), row) for row in rows] for rows in values])
    found = resized(held, size, axis)
    assert found.shape[AXES[axis]] == size
    np.testing.assert_allclose(found.numpy().reshape(3, 2, size), expected, rtol=1e-12, atol=1e-12)


def test_a_crop_keeps_the_first_entries_and_makes_none_up():
    held = torch.arange(7.0).reshape(1, 1, 7, 1)
    assert resized(held, 4, "h", "crop").flatten().tolist() == [0, 1, 2, 3]
    assert resized(held, 7, "h", "crop") is held
    with pytest.raises(BadInput, match="cannot make 8 entries from 7; use bilinear"):
        resized(held, 8, "h", "crop")


@pytest.mark.parametrize("form", ["spatial", "fft"])
def test_resized_kernel_and_embedding_are_those_of_the_other_size(form):
    held = ParC(4, 7, "h", form=form)
    other = ParC(4, 12, "h", form=form)
    live(held)
    other.load_state_dict(
        {
            "pe": resized(held.pe.detach(), 12, "h"),
            "gcc_conv.weight": resized(held.gcc_conv.weight.detach(), 12, "h"),
            "gcc_conv.bias": held.gcc_conv.bias.detach(),
        }
    )
    x = torch.from_numpy(np.random.default_rng(5).standard_normal((2, 4, 12, 9)).astype(np.float32))
    torch.testing.assert_close(held(x), other(x))
    assert held(x).shape == x.shape


def test_a_layer_can_do_without_embedding_and_bias():
    assert set(ParC(4, 7, "w", embedding=False, bias=False).state_dict()) == {"gcc_conv.weight"}


def test_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(BadInput, match="no axis 'd'; use one of: h, w"):
        ParC(4, 7, "d")
    with pytest.raises(BadInput, match="no form 'crt2' of ParC; use one of: spatial, fft"):
        ParC(4, 7, "h", form="crt2")
    with pytest.raises(BadInput, match="no resizing 'nearest'; use one of: bilinear, crop"):
        resized(torch.zeros(1, 1, 3, 1), 4, "h", "nearest")


def test_only_fft_computes_by_fft_before_an_export():
    assert [eager_form(parc) for parc in ("fft", "spatial", "auto", "crt4_16")] == [
        "fft",
        "spatial",
        "spatial",
        "spatial",
    ]


def test_the_first_half_of_the_channels_goes_along_h_and_the_second_along_w():
    x = torch.arange(4.0).reshape(1, 4, 1, 1)
    assert crossed(x, lambda half: half + 10, lambda half: -half).flatten().tolist() == [10, 11, -2, -3]
