import onnx
import pytest
from onnx import parser

from exporters.tensorrt_operators import unsupported
from latbench.pipeline.export import export
from latbench.pipeline.subjects import resolve

FFT = """<ir_version: 9, opset_import: ["" : 20]> fft (float[1,8,1] x) => (float[1,8,2] y) { y = DFT(x) }"""
BLOCKS = ["efficientmod_block_c8_r6_7", "parc_h_c4_7", "parc_w_c4_6_dense"]
MODELS = [
    ("efficientmod_xxs", 64),
    ("cloformer_xxs", 64),
    ("mobilevit_xxs", 64),
    ("parc_mobilenetv2", 64),
    ("rednet26", 64),
    ("edgevit_xxs", 64),
    ("van_b0", 64),
    ("pvt_v2_b0", 64),
    ("convnext_xt", 64),
]


@pytest.fixture
def artifact(tmp_path):
    return lambda name, resolution=None: export(resolve(name, resolution).wish("tensorrt", 20, {}), tmp_path)


def test_runtimes_are_told_what_the_exporters_list():
    (found,) = unsupported(parser.parse_model(FFT), "10.16.1.11")
    assert (found.operator, found.count, found.names) == ("DFT", 1, ("y",))
    assert unsupported(parser.parse_model(FFT), "11.4.0.106") == ()


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_of_the_zoo_is_taken(artifact, name):
    made = artifact(name)
    assert onnx.load(made.path).graph.node
    assert unsupported(made.path) == ()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "resolution"), MODELS)
def test_a_model_of_the_zoo_is_taken(artifact, name, resolution):
    assert unsupported(artifact(name, resolution).path) == ()
