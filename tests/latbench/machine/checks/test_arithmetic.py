import sys
from types import SimpleNamespace

import pytest


def flags(*names):
    return {"proc/cpuinfo": f"flags : {' '.join(names)}\n"}


@pytest.mark.parametrize(
    ("names", "status", "value"),
    [
        (("avx2", "avx512f"), "ok", "avx2, avx512f"),
        (("asimd",), "ok", "neon"),
        (("sse2",), "warning", "none of those that matter"),
        (("avx512_vnni",), "warning", "vnni"),
    ],
)
def test_instruction_sets(asked, names, status, value):
    found = asked("instructions", flags(*names))
    assert (found.status, found.value) == (status, value)


@pytest.mark.parametrize(
    ("names", "status", "value"),
    [
        (("avx2",), "ok", "no bf16 units"),
        (("avx2", "avx512_bf16"), "note", "avx512_bf16"),
        (("avx512_bf16", "amx_bf16", "amx_tile"), "note", "avx512_bf16, amx_bf16"),
        (("asimd", "bf16"), "note", "bf16"),
    ],
)
def test_bf16_units_and_the_default_precision(asked, names, status, value):
    found = asked("bf16", flags(*names))
    assert (found.status, found.value) == (status, value)
    assert status == "ok" or "INFERENCE_PRECISION_HINT=f32" in found.mend


def test_denormals_kept(asked):
    found = asked("denormals")
    assert (found.status, found.value) == ("note", "computed exactly")


def test_denormals_flushed(asked, monkeypatch):
    from latbench.machine.checks import arithmetic

    monkeypatch.setattr(arithmetic, "sys", SimpleNamespace(float_info=SimpleNamespace(min=0.0)))
    assert asked("denormals").status == "warning"
    assert sys.float_info.min > 0


@pytest.mark.parametrize("key", ["instructions", "bf16"])
def test_untold(asked, key):
    assert asked(key).status == "unknown"
