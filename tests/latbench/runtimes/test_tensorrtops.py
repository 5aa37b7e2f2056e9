from onnx import parser

from latbench.runtimes.tensorrtops import unsupported

FFT = """<ir_version: 9, opset_import: ["" : 20]> fft (float[1,8,1] x) => (float[1,8,2] y) { y = DFT(x) }"""


def test_runtimes_are_told_what_the_exporters_list():
    (found,) = unsupported(parser.parse_model(FFT), "10.16.1.11")
    assert (found.operator, found.count, found.names) == ("DFT", 1, ("y",))
    assert unsupported(parser.parse_model(FFT), "11.4.0.106") == ()
