import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.zoo.registry import models, spec
from latbench.zoo.spec import Sizes

SIZES = st.builds(Sizes, smallest=st.integers(1, 100), multiple=st.integers(1, 40))


@given(SIZES, st.integers(-50, 2000))
def test_the_nearest_sizes_work_and_none_that_works_lies_nearer(sizes, wanted):
    nearest = sizes.nearest(wanted)
    working = [size for size in range(1, 2200) if size >= sizes.smallest and size % sizes.multiple == 0]
    assert set(nearest) <= set(working)
    assert min(abs(size - wanted) for size in nearest) == min(abs(size - wanted) for size in working)
    assert (nearest == (wanted,)) == (wanted in working)


@pytest.mark.parametrize("resolution", [32, 33, 224, 230, 256])
def test_the_hierarchical_networks_take_any_size_from_32(resolution):
    assert spec("efficientmod_s").check_resolution(resolution) is None


@pytest.mark.parametrize(
    ("resolution", "nearest"), [(28, "42"), (230, "224 or 238"), (-1, "42"), (50, "42 or 56")]
)
def test_the_isotropic_networks_take_multiples_of_14(resolution, nearest):
    known = spec("efficientmod_iso_256x13")
    assert known.check_resolution(238) is None
    with pytest.raises(BadInput, match=f"{known.name} cannot take resolution {resolution}; .*: {nearest}\\."):
        known.check_resolution(resolution)


@pytest.mark.parametrize("known", models(), ids=lambda known: known.name)
def test_every_spec_says_where_its_figures_come_from(known):
    assert known.paper
    assert known.check_resolution(known.resolution) is None
    assert known.evidence.label in {"published", "inferred", "reconstruction"}
    assert known.evidence.why
    assert (known.top1 is None) == (known.top1_source is None)
    assert all(latency.ms > 0 and latency.device and latency.source for latency in known.latencies)
    assert (known.code is None) == (known.commit is None)
    assert known.code or known.evidence.label in {"inferred", "reconstruction"}


def test_the_forms_for_a_target_are_the_fastest_there_and_else_the_default():
    model = spec("efficientmod_s")
    assert model.forms_for("portable") == {"expand": "broadcast", "layout": "channels_last"}
    assert model.forms_for("onnxruntime") == {"expand": "broadcast", "layout": "blocked"}


def test_what_is_fastest_is_among_the_forms():
    for model in models():
        for forms in model.fastest.values():
            assert all(value in model.forms[form] for form, value in forms.items())


@given(SIZES, st.integers(0, 300), st.integers(-50, 2000))
def test_beyond_the_largest_size_none_is_offered(sizes, room, wanted):
    first = sizes.nearest(0)[0]
    bounded = Sizes(sizes.smallest, sizes.multiple, largest=first + room)
    working = [size for size in range(first, first + room + 1) if size % sizes.multiple == 0]
    nearest = bounded.nearest(wanted)
    assert set(nearest) <= set(working)
    assert min(abs(size - wanted) for size in nearest) == min(abs(size - wanted) for size in working)
    assert (nearest == (wanted,)) == (wanted in working)
