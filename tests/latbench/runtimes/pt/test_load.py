import pytest

from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.load import build, loaded

NAMED = Source("module", factory="tiny_modules:Named")


def test_inference_mode_is_left_when_the_session_cannot_be_made():
    import torch

    def fail():
        with loaded(NAMED, SessionOptions(threads=1), channels_last=False, cudnn_benchmark=False):
            raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        fail()
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        ("torch.nn", "package.module:callable, not 'torch.nn'"),
        ("nowhere.to_be:found", "nowhere.to_be:found cannot be imported"),
        ("torch.nn:Absent", "torch.nn:Absent cannot be imported"),
        ("tiny_modules:nothing", "returned a NoneType, not an nn.Module"),
    ],
)
def test_a_bad_factory_is_named(factory, says):
    with pytest.raises(BadInput, match=says):
        build(Source("module", factory=factory))


def test_a_factory_that_raises_keeps_its_message():
    with pytest.raises(ValueError, match="no such depth"):
        build(Source("module", factory="tiny_modules:broken"))
