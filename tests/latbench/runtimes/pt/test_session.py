import numpy as np

from latbench.runtimes.base import Source

GIVEN = {"x": np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4), "mask": np.arange(3)}


def outputs(session, given=GIVEN):
    session.bind(given)
    session.run()
    return session.outputs()


def test_half_precision_keeps_the_types_outside_and_other_inputs_as_they_are(opened):
    import torch

    seen = []

    def ready(module, tensors):
        module.module.register_forward_pre_hook(lambda _, given: seen.extend(one.dtype for one in given))
        return module

    torch.manual_seed(0)
    exact = outputs(opened())
    torch.manual_seed(0)
    session = opened(precision="bf16", ready=ready)
    found = outputs(session)
    assert session.facts.precision == "bf16"
    assert seen == [torch.bfloat16, torch.int64]
    assert found["logits"].dtype == np.float32
    np.testing.assert_array_equal(found["kept"], GIVEN["mask"])
    assert 0 < np.abs(found["logits"] - exact["logits"]).max() < 0.02


def test_a_module_without_parameters_is_read_back_by_the_type_that_its_inputs_get(opened):
    session = opened(Source("module", factory="tiny_modules:Pair"), precision="fp16")
    assert session.facts.precision == "fp16"
    found = outputs(session, {"x": np.full((2, 2), 1 / 3, np.float32)})
    assert list(found) == ["output", "output_1"]
    np.testing.assert_array_equal(found["output"], np.float16(1 / 3).astype(np.float32))


def test_channels_last_lays_out_weights_and_inputs(opened):
    import torch

    strides = []

    def ready(module, tensors):
        module.module.conv.register_forward_pre_hook(lambda _, given: strides.append(given[0].stride()))
        return module

    torch.manual_seed(0)
    plain = opened()
    expected = outputs(plain)
    torch.manual_seed(0)
    session = opened(channels_last=True, ready=ready)
    assert (plain.facts.extra["channels_last"], session.facts.extra["channels_last"]) == (False, True)
    np.testing.assert_allclose(outputs(session)["logits"], expected["logits"], atol=1e-6)
    assert strides == [(48, 1, 12, 3)]


def test_what_is_called_is_made_once_from_tensors_that_hold_the_inputs(opened):
    made = []

    def ready(module, tensors):
        made.append([tensor.clone() for tensor in tensors])
        return module

    session = opened(ready=ready)
    outputs(session)
    run = session.run
    doubled = {"x": 2 * GIVEN["x"], "mask": GIVEN["mask"] + 1}
    np.testing.assert_array_equal(outputs(session, doubled)["kept"], GIVEN["mask"] + 1)
    assert session.run is run
    assert len(made) == 1
    np.testing.assert_array_equal(made[0][0].numpy(), GIVEN["x"])


def test_there_is_no_device_latency_on_the_cpu(opened):
    session = opened()
    outputs(session)
    assert session.device_ns is None
