"""What is found in a source, and what is not overlooked."""

import pytest
from uses import Use, strays, uses


def found(source):
    return {use._replace(line=0) for use in uses(source)}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("trt.Builder(log)", Use("", "Builder", "call", 1)),
        ("made(trt.Builder, log, 'no builder', log)", Use("", "Builder", "call", 1)),
        (
            "partial(self._context.execute_async_v3, 7)",
            Use("IExecutionContext", "execute_async_v3", "call", 1),
        ),
        ("config.set_flag(trt.BuilderFlag.TF32)", Use("BuilderFlag", "TF32", "get")),
        ("(config.set_flag if on else config.clear_flag)(1)", Use("IBuilderConfig", "clear_flag", "call", 1)),
        ("config.builder_optimization_level = 3", Use("IBuilderConfig", "builder_optimization_level", "set")),
        ("parser.parse(data, path=name)", Use("OnnxParser", "parse", "call", 1, ("path",))),
        ("count = network.num_inputs", Use("INetworkDefinition", "num_inputs", "get")),
    ],
)
def test_a_use_is_found(source, wanted):
    assert wanted in found(source)


def test_a_module_of_the_same_name_is_none():
    assert found("from latbench.runtimes.trt import cache\ncache.serialize()") == set()
    assert strays("from a import b as cache\ncache.serialize()", {"serialize"}, ()) == set()


def test_a_use_of_an_object_without_a_known_name_is_a_stray():
    source = "thing.num_layers + host.shape + one.get_input(0) + network.num_layers"
    names = {"num_layers", "shape", "get_input"}
    assert strays(source, names, {"host"}) == {"thing.num_layers", "one.get_input"}
