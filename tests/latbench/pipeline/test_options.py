import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.errors import BadInput
from latbench.pipeline.options import RunOptions, check_opset, default_runtimes


def test_four_thousand_iterations_are_ten_launches_of_400():
    options = RunOptions()
    assert (options.iteration_count, options.launch_count, options.protocol) == (4000, 10, "launches")


def test_the_paper_protocol_is_one_launch():
    assert RunOptions(protocol="paper").launch_count == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"threads": 0}, "--threads 0 is too small"),
        ({"threads": -3}, "--threads -3"),
        ({"iterations": 0}, "--iterations 0"),
        ({"launches": 0}, "--launches 0"),
        ({"warmup": -1}, "--warmup -1"),
        ({"timeout": 0.0}, "--timeout 0"),
        ({"timeout": float("nan")}, "--timeout nan"),
        ({"resolution": 0}, "--resolution 0"),
        ({"opset": 9}, "--opset 9"),
        ({"protocol": "fast"}, "--protocol 'fast'"),
        ({"spinning": "maybe"}, "--spinning 'maybe'"),
        ({"target": "cuda"}, "--target 'cuda'"),
        ({"device": "gpu"}, "--device 'gpu'"),
        ({"precision": "tf32"}, "--precision tf32 is for --device cuda; add it, or ask for fp32."),
        ({"precision": "int3"}, "--precision 'int3'"),
        ({"runtimes": ("fake",), "knobs": {"fake": {"graph": True}}}, "--set fake.graph changes nothing on"),
        ({"knobs": {"fake": {"level": 1}}}, "fake is not measured; add --runtime fake"),
        ({"knobs": {"faker": {"level": 1}}}, "did you mean 'fake'"),
        ({"runtimes": ("openvimo",)}, "did you mean 'openvino'"),
        ({"iterations": 4001}, "use 4000 or 4010"),
        ({"iterations": 3}, "use 10"),
        ({"protocol": "paper", "launches": 2}, "--protocol paper is one launch, not 2"),
    ],
)
def test_what_no_model_could_use_is_refused_in_a_sentence(fields, words):
    with pytest.raises(BadInput) as caught:
        RunOptions(**fields)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.integers(1, 10**6), st.integers(1, 100))
def test_iterations_are_shared_evenly_or_refused_with_a_number_that_works(iterations, launches):
    try:
        options = RunOptions(iterations=iterations, launches=launches)
    except BadInput as error:
        numbers = str(error).partition("; use ")[2].partition(",")[0].split(" or ")
        assert all(RunOptions(iterations=int(number), launches=launches) for number in numbers)
    else:
        assert options.iteration_count % options.launch_count == 0


def test_each_device_has_its_own_runtimes():
    assert default_runtimes("cpu") == ("onnxruntime", "openvino", "pytorch")
    assert default_runtimes("cuda") == ("tensorrt", "onnxruntime", "pytorch")


def test_a_supported_opset_passes():
    assert check_opset(20) is None


def test_the_variants_are_every_combination_of_the_forms():
    assert RunOptions().variants == ({},)
    forms = {"expand": ("broadcast", "repeat"), "layout": ("channels_last", "channels_first")}
    variants = RunOptions(forms=forms).variants
    assert len(variants) == 4
    assert {"expand": "repeat", "layout": "channels_last"} in variants
