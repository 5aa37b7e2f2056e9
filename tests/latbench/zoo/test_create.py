import hashlib
import inspect
import subprocess
import sys
from itertools import product

import pytest
import torch

import latbench
from latbench.errors import BadInput, EnvironmentFault
from latbench.zoo.create import create_model, example_input
from latbench.zoo.registry import spec

TINY = "efficientmod_xxs"
SHAPED = [
    TINY,
    "mbconv_hier",
    pytest.param("efficientmod_s_conv_ctx357", marks=pytest.mark.slow),
]
DIGEST = """
import hashlib, latbench
model = latbench.create_model("efficientmod_xxs", 64)
tensors = b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values())
print(hashlib.sha256(tensors).hexdigest())
"""


def digest():
    done = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_model_is_in_eval_mode_and_needs_no_gradients():
    model = create_model(TINY)
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_weights_are_the_same_in_every_process():
    here = create_model(TINY, 64).state_dict().values()
    assert digest() == hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in here)).hexdigest()


def test_seeds_give_different_weights_and_leave_the_global_generator_alone():
    state = torch.random.get_rng_state()
    one, same, other = (create_model(TINY, seed=seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_activations_are_alive(member):
    size = member.sizes.nearest(64)[0]
    model = create_model(member.name, size)
    seen = {}
    for name, module in model.named_modules():
        if name.endswith(("blocks.0", "norm", "head")):
            module.register_forward_hook(
                lambda module, inputs, out, name=name: seen.update({name: float(out.std())})
            )
    first, second = (model(example_input(member, size, seed=seed)) for seed in (0, 1))
    assert first.shape == (1, 1000)
    assert all(0.05 < deviation < 20 for deviation in seen.values()), seen
    assert float((first - second).abs().max()) > 0.01 * float(first.abs().max())


@pytest.mark.parametrize("name", SHAPED)
def test_every_form_computes_the_same_with_the_same_weights(name):
    known = spec(name)
    image = example_input(known, 64, batch=2)
    expected = create_model(name, 64)(image)
    for values in product(*known.forms.values()):
        output = create_model(name, 64, **dict(zip(known.forms, values, strict=True)))(image)
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_a_form_the_network_lacks_changes_nothing():
    image = example_input(spec("mbconv_iso_196x11"), 42)
    one, other = (
        create_model("mbconv_iso_196x11", 42, expand=form)(image) for form in ("broadcast", "repeat")
    )
    assert torch.equal(one, other)


def test_example_inputs_depend_on_shape_and_seed_alone():
    known = spec(TINY)
    image = example_input(known, batch=2)
    assert image.shape == (2, 3, 224, 224)
    assert image.dtype == torch.float32
    assert torch.equal(image, example_input(known, 224, batch=2))
    assert not torch.equal(image, example_input(known, 224, batch=2, seed=1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: create_model("efficientmod_xss"), "did you mean"),
        (lambda: create_model(TINY, 16), "efficientmod_xxs cannot take resolution 16"),
        (lambda: create_model("mbconv_iso_196x11", 230), "224 or 238"),
        (lambda: create_model(TINY, expand="tile"), "has no expand 'tile'; use one of: broadcast, repeat"),
        (lambda: create_model(TINY, layout="nchw"), "channels_last, channels_first"),
        (lambda: create_model(TINY, expnd="repeat"), "no model form 'expnd'"),
        (lambda: example_input(spec(TINY), 0), "cannot take resolution 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(call, words):
    with pytest.raises(BadInput, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_without_pytorch_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFault, match=r"pip install 'latbench\[torch\]'"):
        create_model(TINY)


def test_the_package_offers_the_same_functions():
    assert torch.equal(
        latbench.create_model(TINY, seed=3).head.weight, create_model(TINY, seed=3).head.weight
    )
    assert inspect.signature(latbench.create_model).parameters.keys() == (
        inspect.signature(create_model).parameters.keys()
    )
