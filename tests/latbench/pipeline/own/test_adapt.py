from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from latbench.errors import BadInput
from latbench.pipeline.own.adapt import adapted, named, needed

A, B = torch.ones(2), torch.zeros(3)
Pair = namedtuple("Pair", ["first", "second"])


@dataclass
class Out:
    hidden: torch.Tensor
    states: tuple[torch.Tensor, ...]
    loss: torch.Tensor | None = None


@pytest.mark.parametrize(
    ("outputs", "names"),
    [
        (A, ["output"]),
        ((A, B), ["output", "output_1"]),
        ([A, (B, A)], ["output", "output_1_0", "output_1_1"]),
        ({"h": A, "more": {"p": B, "q": [A]}}, ["h", "more_p", "more_q_0"]),
        (OrderedDict(b=A, a=B), ["b", "a"]),
        (Pair(A, B), ["first", "second"]),
        (Out(A, (B, A)), ["hidden", "states_0", "states_1"]),
        ({"a_b": A, "a": {"b": B}}, ["a_b", "a_b_"]),
    ],
)
def test_every_tensor_has_the_name_of_the_way_to_it(outputs, names):
    assert list(named(outputs, "m")) == names


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(BadInput, match="m returns a float as loss; only tensors can be compared"):
        named({"logits": A, "loss": 0.5}, "m")
    with pytest.raises(BadInput, match="m returns no tensor"):
        named({"loss": None}, "m")


def test_tensors_alone_need_no_adapter():
    assert not needed(A)
    assert not needed((A, B))
    assert needed({"a": A})
    assert needed(Pair(A, B))
    assert needed((A, None))
    assert needed(())


class Words(nn.Module):
    def forward(self, *, ids, mask=None):
        return {"sum": ids + mask, "ids": ids}


def test_keywords_are_given_in_order():
    module = adapted(Words(), ["mask", "ids"]).eval()
    first, second = module(torch.tensor([1]), torch.tensor([5]))
    assert (first.item(), second.item()) == (6, 5)


class Stubborn(nn.Module):
    def train(self, mode=True):
        raise NotImplementedError

    def forward(self, x):
        return x


def test_a_frozen_module_is_not_asked_to_change_its_mode():
    module = adapted(Stubborn(), frozen=True)
    assert module.eval() is module
    assert module(A)[0] is A
    with pytest.raises(NotImplementedError):
        adapted(Stubborn()).eval()
