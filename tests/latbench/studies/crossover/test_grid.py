import numpy as np
import pytest

from exporters.lowerings.base import Circular
from exporters.lowerings.name import VALUES
from latbench.errors import BadInput
from latbench.studies.crossover.grid import Grid, literal_seconds, possible, sizes_of


def operator(size, channels=32, axis="h"):
    return Circular(axis, (1, channels, size, size), np.zeros((channels, size)))


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("7:448", (7, 14, 28, 56, 112, 224, 448)),
        ("7:60", (7, 14, 28, 56)),
        ("14,7, 13", (7, 13, 14)),
        ("7:28,13", (7, 13, 14, 28)),
        ("32", (32,)),
    ],
)
def test_sizes_are_a_list_or_doublings(text, sizes):
    assert sizes_of(text) == sizes


@pytest.mark.parametrize("text", ["", "7:", "7:14:28", "seven", "0", "-7", "28:7", "7.5"])
def test_other_sizes_are_refused_with_the_option(text):
    with pytest.raises(BadInput, match="--channels"):
        sizes_of(text, "--channels")


def test_every_combination_is_a_subject_with_all_that_can_be_built():
    asked = Grid(sizes=(7, 14), channels=(32, 64)).asked()
    assert [one.name for one in asked][:3] == ["parc_h_c32_7", "parc_w_c32_7", "parc_h_c64_7"]
    assert len(asked) == 8
    for one in asked:
        assert one.lowerings[0] == "spatial"
        assert len(set(one.lowerings)) == len(one.lowerings) > 3
        assert all(text in VALUES for text in one.lowerings)
        assert "dft_op" in one.lowerings


def test_a_prime_length_has_what_needs_no_factor():
    found = list(possible(operator(13)))
    assert "circulant" in found
    assert not any("_13" in text or "_2" in text for text in found)
    assert not any(text.startswith("crt2") for text in found)


def test_chunks_are_tried_where_the_activation_is_large():
    assert not any("_ch" in text for text in possible(operator(7)))
    found = list(possible(operator(112, 64)))
    assert "circulant_ch" in found
    assert "spatial_ch" not in found
    assert "circulant_ch+matmul" in possible(operator(112, 64), pointwise=True)
    assert not any("matmul" in text for text in found)


def test_forms_of_a_large_activation_come_in_chunks_alone_with_a_factor_earlier():
    small, middle, large = (list(possible(operator(*shape))) for shape in ((112, 64), (224, 32), (224, 64)))
    assert {"crt4_8", "crt4_8_ch", "circulant", "circulant_ch"} <= set(small)
    assert {"crt4_8", "crt4_8_ch", "circulant", "circulant_ch"} - set(middle) == {"crt4_8"}
    assert {"crt4_8", "crt4_8_ch", "circulant", "circulant_ch"} - set(large) == {"crt4_8", "circulant"}
    assert len({text for text in large if text.startswith("crt4_")}) == 3


def test_in_a_network_and_dense_are_in_the_name():
    (inside,) = Grid(sizes=(14,), channels=(32,), axes=("w",), context="network").asked()
    (mixed,) = Grid(sizes=(14,), channels=(32,), axes=("w",), dense=True).asked()
    assert (inside.name, mixed.name) == ("parc_w_c32_14_net", "parc_w_c32_14_dense")
    assert any("+matmul" in text for text in inside.lowerings)
    assert not any("_ch" in text for text in mixed.lowerings)


def test_what_is_too_large_is_refused_with_the_option_that_allows_it():
    (one,) = Grid(sizes=(448,), channels=(192,), axes=("h",)).asked()
    assert one.lowerings == ()
    assert "spatial" in one.refused
    assert "147 MiB is over the limit of 128 MiB (--memory-limit)" in one.refused["dft_op"]


def test_a_dft_operator_that_would_take_long_is_refused_alone():
    (one,) = Grid(sizes=(448,), channels=(96,), axes=("h",)).asked()
    assert set(one.refused) == {"dft_op"}
    assert "5.2 s" in one.refused["dft_op"]
    assert "spatial" in one.lowerings
    assert "dft_op" not in one.lowerings
    assert literal_seconds(96, 512) == 0


def test_named_lowerings_stand_beside_the_spatial_form():
    (one,) = Grid(sizes=(14,), channels=(32,), axes=("h",), lowerings=("circulant",)).asked()
    assert one.lowerings == ("spatial", "circulant")


def test_a_module_that_runs_as_it_is_has_torch_fft_and_the_spatial_form():
    grid = Grid(sizes=(14,), channels=(32,), axes=("h",))
    assert "fft" not in grid.asked()[0].lowerings
    (eager,) = grid.asked(eager=True)
    assert (eager.lowerings, eager.refused) == (("spatial", "fft"), {})
    network = Grid(sizes=(256,), model="parcnet_s")
    assert network.asked(eager=True)[0].lowerings == ("spatial", "fft", "auto")


def test_a_form_of_graphs_is_refused_for_a_module():
    (one,) = Grid(sizes=(14,), channels=(32,), axes=("h",), lowerings=("circulant",)).asked(eager=True)
    assert one.lowerings == ("spatial",)
    assert "spatial and fft" in one.refused["circulant"]


def test_on_a_gpu_nothing_comes_in_chunks_and_the_dft_operator_only_by_name():
    grid = {"sizes": (224,), "channels": (64,), "axes": ("h",), "device": "cuda"}
    (one,) = Grid(**grid).asked()
    assert not any("_ch" in text for text in one.lowerings)
    assert any(text.startswith("crt4_") for text in one.lowerings)
    assert "no runtime here has a DFT operator on cuda" in one.refused["dft_op"]
    (named,) = Grid(**grid, lowerings=("dft_op",)).asked()
    assert named.lowerings == ("spatial", "dft_op")


def test_a_network_is_asked_for_at_each_resolution():
    asked = Grid(sizes=(128, 256), model="parcnet_s").asked()
    assert [(one.name, one.resolution) for one in asked] == [("parcnet_s", 128), ("parcnet_s", 256)]
    assert asked[0].lowerings == ("spatial", "fft", "dft_op", "auto")


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"axes": ("h", "v")}, "--axis 'v'"),
        ({"context": "alone"}, "--context 'alone'"),
        ({"lowerings": ("fastest",)}, "--lowering 'fastest'"),
        ({"model": "resnet50"}, "--model resnet50 has no ParC.*parc_resnet50"),
        ({"model": "resnet5"}, "no model 'resnet5'"),
    ],
)
def test_what_does_not_exist_is_refused(wrong, option):
    with pytest.raises(BadInput, match=option):
        Grid(sizes=(7,), channels=(32,), **wrong)
