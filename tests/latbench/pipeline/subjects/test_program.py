import pytest
import torch
from torch import nn

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import NONE, Inputs
from latbench.pipeline.subjects import kinds, resolve
from latbench.pipeline.subjects.program import module_of


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 8)

    def forward(self, ids, mask):
        rows = self.table(ids) * mask.unsqueeze(-1)
        return {"rows": rows, "mean": rows.mean(1)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("programs") / "words.pt2"
    batch = torch.export.Dim("batch", min=2, max=9)
    inputs = (torch.randint(40, 50, (4, 7)), torch.ones(4, 7))
    shapes = {"ids": {0: batch}, "mask": {0: batch}}
    torch.export.save(torch.export.export(Words().eval(), inputs, dynamic_shapes=shapes), path)
    return str(path)


def build(name, asked=NONE, resolution=None):
    return kinds()["program"].build(resolve(name, resolution, asked).wish("portable", 20))


def test_its_own_examples_are_its_inputs(saved):
    built = build(saved)
    ids, mask = built.inputs
    assert (ids.shape, ids.min() >= 40, mask.min()) == ((4, 7), True, 1)
    assert built.output_names == ("rows", "mean")
    rows, mean = module_of(**built.kwargs).eval()(*built.inputs)
    assert torch.equal(rows, built.module(*built.inputs)[0])
    assert mean.shape == (4, 8)


@pytest.mark.parametrize("asked", [Inputs(shape=("ids=3x7", "mask=3x7")), Inputs(shape=("3x7", "3x7"))])
def test_open_axes_take_the_size_asked_for_and_values_of_the_examples(saved, asked):
    ids, mask = build(saved, asked).inputs
    assert (ids.shape, mask.shape) == ((3, 7), (3, 7))
    assert ids.min() >= 40
    again, _ = build(saved, asked).inputs
    assert torch.equal(ids, again)


def test_an_axis_may_be_fixed_by_its_symbol_and_values_by_their_range(saved):
    symbol = next(iter(torch.export.load(saved).range_constraints))
    ids, _ = build(saved, Inputs(pin=(f"{symbol}=5",), values=("ids=3:4",))).inputs
    assert ids.tolist() == [[3] * 7] * 5


@pytest.mark.parametrize(
    ("asked", "resolution", "told"),
    [
        (Inputs(shape=("ids=3x8",)), None, "which --shape 3x8 does not fit"),
        (Inputs(shape=("12x7", "12x7")), None, "was exported for 2 to 9 as its axis"),
        (Inputs(shape=("ids=3x7",)), None, "needs one size for all its axes"),
        (Inputs(pin=("length=7",)), None, "no open axis 'length'; --pin can fix: s"),
        (NONE, 32, "--resolution 32 cannot apply"),
    ],
)
def test_what_it_was_not_exported_for_is_one_sentence(saved, asked, resolution, told):
    with pytest.raises(BadInput) as caught:
        build(saved, asked, resolution)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_program_is_named(tmp_path):
    import zipfile

    with pytest.raises(BadInput, match="There is no file"):
        resolve(str(tmp_path / "none.pt2"))
    other = tmp_path / "other.pt2"
    other.write_bytes(b"weights")
    with pytest.raises(BadInput, match="is damaged or no saved program; write it with"):
        resolve(str(other))
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(BadInput, match="cannot be loaded by torch"):
        build(str(other))


class Keywords(nn.Module):
    def forward(self, *, x, scale):
        return x * scale


def test_keyword_arguments_stay_keywords(tmp_path):
    path = tmp_path / "keywords.pt2"
    inputs = {"x": torch.ones(2, 3), "scale": torch.full((1,), 2.0)}
    torch.export.save(torch.export.export(Keywords(), (), inputs), path)
    built = build(str(path))
    assert built.kwargs["keywords"] == ["x", "scale"]
    assert built.input_names == ("x", "scale")
    assert module_of(**built.kwargs)(*built.inputs)[0].tolist() == [[2.0] * 3] * 2
