import numpy as np
import pytest
import torch

from exporters.fourier.rules import shape

aten = torch.ops.aten
rng = np.random.default_rng(0)
Z = torch.from_numpy(rng.standard_normal((3, 4, 6)) + 1j * rng.standard_normal((3, 4, 6)))
S = Z[0, :, :4].contiguous()
R = Z.real.contiguous()
PLACES = torch.tensor([2, 0])

EXAMPLES = [
    (aten.permute.default, Z, [2, 0, 1]),
    (aten.transpose.int, Z, 0, 2),
    (aten.t.default, S),
    (aten.unsqueeze.default, Z, 1),
    (aten.squeeze.dim, Z[:1], 0),
    (aten.slice.Tensor, Z, 2, 1, 5, 2),
    (aten.expand.default, Z[:1], [5, 4, 6]),
    (aten.clone.default, Z),
    (aten.contiguous.default, Z),
    (aten.alias.default, Z),
    (aten.detach.default, Z),
    (aten.lift_fresh_copy.default, Z),
    (aten.roll.default, Z, [2, 1], [0, 2]),
    (aten.flip.default, Z, [0, 2]),
    (aten.constant_pad_nd.default, Z, [1, 2, -1, 0]),
    (aten.repeat.default, Z, [2, 1, 2]),
    (aten.unfold.default, Z, 2, 3, 2),
    (aten.index.Tensor, Z, [None, PLACES]),
    (aten.index_select.default, Z, 0, PLACES),
    (aten.gather.default, Z, 0, torch.zeros(1, 4, 6, dtype=torch.int64)),
    (aten.diagonal.default, Z, 0, 1, 2),
    (aten.tril.default, S),
    (aten.triu.default, S),
    (aten.diag_embed.default, S),
    (aten.split.Tensor, Z, 2, 2),
    (aten.split_with_sizes.default, Z, [1, 5], 2),
    (aten.unbind.int, Z, 1),
    (aten.neg.default, Z),
    (aten.sum.dim_IntList, Z, [0, 2], True),
    (aten.mean.dim, Z, [1]),
    (aten.cumsum.default, Z, 1),
    (aten.pixel_shuffle.default, Z.reshape(4, 3, 6), 2),
    (aten.resolve_neg.default, Z),
    (aten.view.default, Z, [12, -1]),
    (aten._unsafe_view.default, Z, [3, 24]),
    (aten.reshape.default, Z.permute(2, 0, 1), [9, 8]),
    (aten._reshape_alias.default, Z, [12, 6], [6, 1]),
    (aten.cat.default, [Z, R, Z], 1),
    (aten.stack.default, [R, Z], 1),
    (aten.copy.default, Z, Z[:1]),
    (aten.copy.default, Z, R),
    (aten.slice_scatter.default, Z, Z[:, :2], 1, 1, 3),
    (aten.slice_scatter.default, Z, R[:, :, 4:], 2, -2, 9223372036854775807),
    (aten.slice_scatter.default, Z, Z[:2], 0, 0, 3, 2),
    (aten.slice_scatter.default, Z, 2 * Z),
    (aten.select_scatter.default, Z, Z[:, 0], 1, -1),
    (aten.index_put.default, Z, [PLACES], Z[:2]),
    (aten.where.self, R > 0, Z, R),
    (aten.masked_fill.Scalar, Z, R > 0, 1.5),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda item: str(item[0]))
def test_each_part_goes_where_the_whole_does(same, example):
    same(*example)


def test_every_rule_here_has_an_example():
    assert {rule.name for rule in shape.RULES} == {str(item[0].overloadpacket) for item in EXAMPLES}


def test_a_complex_tensor_copied_into_a_real_one_leaves_its_real_part(same):
    same(aten.copy.default, R, Z[:1])


def test_a_named_place_is_the_same_place(same):
    same(aten.slice_scatter.default, Z, Z[:, :2], dim=1, start=1, end=3)
