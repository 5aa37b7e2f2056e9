"""What can be said without compiling is quick; what compiles for the CPU is slow, with one cache for all."""

from dataclasses import replace

import numpy as np
import pytest

from latbench.measure.denormals import flush_ratio
from latbench.runtimes import torch_compile
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.pt.runtime import TorchRuntime
from latbench.runtimes.torch_compile import CACHE, RUNTIME

MODULES = """
import torch

class Scaled(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, x):
        return torch.relu(x) * self.scale

class Broken(torch.nn.Module):
    def forward(self, x):
        y = x + 1
        torch._dynamo.graph_break()
        return y * 2

class Growing(torch.nn.Module):
    calls, grows = 0, False

    def forward(self, x):
        return x * (2 if Growing.grows else 1)
"""
ALONE = SessionOptions(threads=1)
X = {"x": np.linspace(-2, 2, 64, dtype=np.float32).reshape(4, 16)}


def scaled(scale):
    return Source("module", factory="compiled_modules:Scaled", kwargs={"scale": scale})


@pytest.fixture
def modules(monkeypatch, tmp_path):
    (tmp_path / "compiled_modules.py").write_text(MODULES)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One folder of compiled code for this file; precompiled headers would cost more than they save."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(tmp_path_factory.mktemp("inductor")))
        patch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
        from torch._inductor import config

        patch.setattr(config, "cpp_cache_precompile_headers", False)
        patch.setattr(config, "compile_threads", 1)
        yield


@pytest.fixture
def prepare(modules, cache):
    opened = []

    def prepare(source, **knobs):
        opened.append(RUNTIME.prepare(source, replace(ALONE, knobs=knobs)))
        return opened[-1]

    yield prepare
    for session in reversed(opened):
        session.close()


def test_the_cache_is_one_of_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv(CACHE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert RUNTIME.environment(ALONE)[CACHE] == str(tmp_path / "latbench" / "torchinductor")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RUNTIME.environment(ALONE)[CACHE] == str(tmp_path / ".cache" / "latbench" / "torchinductor")
    monkeypatch.setenv(CACHE, "mine")
    assert CACHE not in RUNTIME.environment(ALONE)


def test_without_the_cache_every_process_compiles():
    off = "TORCHINDUCTOR_FORCE_DISABLE_CACHES"
    assert off not in RUNTIME.environment(ALONE)
    assert RUNTIME.environment(replace(ALONE, knobs={"cache": False}))[off] == "1"


def test_no_helpers_compile_beside():
    assert RUNTIME.environment(ALONE)["TORCHINDUCTOR_COMPILE_THREADS"] == "1"


def test_a_compiler_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -v")
    found = RUNTIME.check()
    assert found.reason == "torch.compile needs a compiler, and there is no no-such-compiler -v"
    assert "apt-get install g++" in found.mend
    assert found.mend.endswith("name another by CXX")


def test_the_compiler_is_told(monkeypatch, tmp_path):
    compiler = tmp_path / "mine++"
    compiler.touch(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    found = RUNTIME.check()
    assert found.available
    assert found.offers[-1] == "mine++"


def test_on_a_gpu_it_needs_triton(monkeypatch):
    gpu = replace(RUNTIME.check(), available=True, offers=("A card",))
    monkeypatch.setattr(TorchRuntime, "check", lambda *_: gpu)
    monkeypatch.setattr(torch_compile.importlib.util, "find_spec", lambda _: None)
    assert "needs Triton" in RUNTIME.check("cuda").reason


def test_its_modes_are_those_of_torch_compile():
    from torch._inductor import list_mode_options

    assert set(torch_compile.MODES) <= set(list_mode_options())


@pytest.mark.slow
def test_it_compiles_once_while_binding_and_finds_it_again_later(prepare):
    first = prepare(scaled(2))
    assert first.compile_ns is None
    first.bind(X)
    assert first.compile_ns > 0
    for _ in range(3):
        first.run()
    told = first.facts.extra
    names = ("graphs", "graph_breaks", "recompiles", "engine_cached", "compile_threads")
    assert [told[name] for name in names] == [1, 0, 0, False, 1]
    assert (first.facts.provider, first.facts.precision, first.facts.device) == ("inductor", "fp32", "cpu")
    np.testing.assert_array_equal(first.outputs()["output"], np.maximum(X["x"], 0) * 2)
    again = prepare(scaled(2))
    again.bind(X)
    assert again.facts.extra["engine_cached"] is True
    assert first.facts.extra["engine_cached"] is False


@pytest.mark.slow
def test_many_modules_of_one_class_each_have_their_own_code(prepare):
    sessions = {
        scale: prepare(scaled(scale)) for scale in range(2, 13)
    }  # more than Dynamo keeps of one by default
    for session in sessions.values():
        session.bind(X)
    for scale, session in sessions.items():
        session.run()
        np.testing.assert_array_equal(session.outputs()["output"], np.maximum(X["x"], 0) * scale)
        assert session.facts.extra["graphs"] == 1
    assert session.facts.extra["recompiles"] == 0


@pytest.mark.slow
def test_graph_breaks_are_counted_or_refused(prepare):
    source = Source("module", factory="compiled_modules:Broken")
    session = prepare(source)
    session.bind(X)
    session.run()
    assert session.facts.extra["graph_breaks"] == 1
    assert session.facts.extra["graphs"] == 2
    np.testing.assert_array_equal(session.outputs()["output"], (X["x"] + 1) * 2)
    whole = prepare(source, fullgraph=True)
    with pytest.raises(Exception, match="graph_break"):
        whole.bind(X)


@pytest.mark.slow
def test_a_recompilation_in_a_run_is_an_error(prepare):
    session = prepare(Source("module", factory="compiled_modules:Growing"))
    session.bind(X)
    session.run()
    import compiled_modules

    compiled_modules.Growing.grows = True
    with pytest.raises(RuntimeError, match="recompile"):
        session.run()


@pytest.mark.slow
def test_frozen_weights_and_channels_last_agree_with_eager(prepare):
    import torch

    kwargs = {"in_channels": 3, "out_channels": 4, "kernel_size": 3}
    source = Source("module", factory="torch.nn:Conv2d", kwargs=kwargs)
    x = {"x": np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)}
    torch.manual_seed(0)
    expected = torch.nn.Conv2d(**kwargs)(torch.from_numpy(x["x"])).detach().numpy()
    torch.manual_seed(0)
    session = prepare(source, freezing=True, channels_last=True, mode="max-autotune-no-cudagraphs")
    session.bind(x)
    session.run()
    np.testing.assert_allclose(session.outputs()["output"], expected, atol=1e-5)


@pytest.mark.slow
def test_denormal_numbers_are_probed(modules, cache):
    assert flush_ratio(RUNTIME, scaled(2), ALONE, {"x": np.ones((512, 512), np.float32)}) > 0


@pytest.mark.gpu
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_a_real_gpu_agrees_with_the_cpu(modules, mode):
    options = SessionOptions(device="cuda", threads=1, knobs={"mode": mode})
    session = RUNTIME.prepare(scaled(3), options)
    session.bind(X)
    for _ in range(4):
        session.run()
    np.testing.assert_allclose(session.outputs()["output"], np.maximum(X["x"], 0) * 3, atol=1e-6)
    assert session.facts.extra["cuda_graph"] == ("off" if mode == "default" else "on")
    assert len(session.device_ns(4)) == 4
    session.close()
