import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from latbench.measure import child
from latbench.measure.clock import FakeClock
from latbench.measure.group import PARENT
from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.runtimes.base import SessionOptions, Source
from latbench.runtimes.fake import FakeRuntime, FakeSession


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.npz"
    x = np.linspace(-1, 1, 6, dtype=np.float32)
    np.savez(path, **{"input:x": x, "output:y": x})
    return path


def request_for(reference=None, runtime="fake", device="cpu", **kwargs):
    source = Source("module", kwargs=kwargs)
    options = SessionOptions(device=device, threads=2)
    return LaunchRequest(source, runtime, options, 5, 4, reference and str(reference))


def test_a_launch_brings_everything_back(reference):
    result = child.measure(request_for(reference))
    assert (result.status, result.reason) == ("ok", None)
    assert len(result.samples_ns) == 5
    assert len(result.warmup_ns) >= 4
    assert result.parity == {"max_abs": 0.0, "max_rel": 0.0, "cosine": pytest.approx(1.0)}
    assert (result.facts["provider"], result.facts["threads"]) == ("fake", 2)
    assert result.peak_rss_bytes > 2**20
    assert result.compile_ns is None
    assert result.witnesses
    assert LaunchResult.from_json(json.loads(json.dumps(result.to_json(), allow_nan=False))) == result


def test_a_session_on_a_device_tells_its_latency_of_each_sample(reference):
    assert child.measure(request_for(reference, device_ns=700)).device_ns == (700,) * 5
    assert child.measure(request_for(reference)).device_ns == ()


def test_a_session_without_the_attribute_tells_none(reference, monkeypatch):
    class Bare:
        """A session as it was before devices had latencies of their own."""

        def __init__(self, session):
            self._session = session

        def __getattr__(self, name):
            if name == "device_ns":
                raise AttributeError(name)
            return getattr(self._session, name)

    prepare = FakeRuntime.prepare
    monkeypatch.setattr(FakeRuntime, "prepare", lambda *given: Bare(prepare(*given)))
    result = child.measure(request_for(reference, device_ns=700))
    assert (result.status, result.device_ns) == ("ok", ())


def test_the_knobs_set_reach_the_runtime(reference):
    plain = request_for(reference, device_ns=700)
    faster = replace(plain, options=replace(plain.options, knobs={"speed": 2.0}))
    assert child.measure(faster).device_ns == (350,) * 5
    assert LaunchRequest.from_json(json.loads(json.dumps(faster.to_json()))) == faster


def test_the_reference_kernels_stand_around_the_launch(reference):
    seen = child.measure(request_for(reference)).witnesses
    for moment in ("before", "after"):
        assert len(seen[f"compute_{moment}_ns"]) == len(seen["compute_cpus"])
        assert f"handoff_{moment}_ns" in seen
    assert "flush_denormals_ratio" not in seen


def test_the_runtime_starts_with_all_cpus_and_ends_before_the_kernels(reference, monkeypatch):
    events, allowed = [], os.sched_getaffinity(0)
    prepare = FakeRuntime.prepare

    def noted(self, source, options):
        events.append(os.sched_getaffinity(0) == allowed)
        return prepare(self, source, options)

    monkeypatch.setattr(FakeRuntime, "prepare", noted)
    monkeypatch.setattr(FakeSession, "close", lambda _: events.append("close"))
    monkeypatch.setattr(child.kernels, "witnessed", lambda moment: events.append(moment) or {})
    assert child.measure(request_for(reference)).status == "ok"
    assert events == ["before", True, "close", "after"]


def run_main(tmp_path, request_):
    path = tmp_path / "result.json"
    (tmp_path / "request.json").write_text(json.dumps(request_.to_json()))
    child.main([str(tmp_path / "request.json"), str(path)])
    return LaunchResult.from_json(json.loads(path.read_text()))


@pytest.fixture
def alive(monkeypatch):
    monkeypatch.setattr(child, "die_with_parent", lambda: None)


@pytest.mark.usefixtures("alive")
def test_denormals_are_probed_when_asked_for(tmp_path, reference, monkeypatch):
    monkeypatch.setattr(child.denormals, "flush_ratio", lambda *_: 3.1)
    asked = replace(request_for(reference), probe_denormals=True)
    assert run_main(tmp_path, asked).witnesses["flush_denormals_ratio"] == 3.1
    assert "flush_denormals_ratio" not in run_main(tmp_path, request_for(reference)).witnesses
    failed = replace(request_for(reference, fail="bad step"), probe_denormals=True)
    assert run_main(tmp_path, failed).witnesses == {}


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("error", [RuntimeError("no second session"), MemoryError()])
def test_a_probe_that_fails_costs_no_launch(tmp_path, reference, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(child.denormals, "flush_ratio", fail)
    found = run_main(tmp_path, replace(request_for(reference), probe_denormals=True))
    assert (found.status, found.witnesses["flush_denormals_ratio"]) == ("ok", None)


@pytest.mark.usefixtures("alive")
def test_a_launch_that_its_probe_kills_has_its_result(tmp_path, reference, monkeypatch):
    def die(*_):
        raise SystemExit

    monkeypatch.setattr(child.denormals, "flush_ratio", die)
    with pytest.raises(SystemExit):
        run_main(tmp_path, replace(request_for(reference), probe_denormals=True))
    kept = LaunchResult.from_json(json.loads((tmp_path / "result.json").read_text()))
    assert (kept.status, len(kept.samples_ns)) == ("ok", 5)


def test_load_first_inference_and_samples_are_timed_apart(reference):
    clock = FakeClock([0, 1000, 0, 300, *[0, 20] * 4, *[0, 11] * 3, *[0, 7] * 5])
    result = child.measure(request_for(reference), clock)
    assert (result.load_ns, result.first_inference_ns) == (1000, 300)
    assert result.warmup_ns == (20,) * 4 + (11,) * 3
    assert result.samples_ns == (7,) * 5


def test_no_warmup_means_none(reference):
    result = child.measure(replace(request_for(reference), warmup=0))
    assert (result.warmup_ns, len(result.samples_ns)) == ((), 5)


def test_spoilt_outputs_show_in_the_parity_and_keep_the_samples(reference):
    result = child.measure(request_for(reference, scale=1.5))
    assert result.status == "ok"
    assert result.parity["max_rel"] == pytest.approx(0.5)
    assert len(result.samples_ns) == 5


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"offset": "nan"}, "output 'y' holds 6 of 6 values that are not finite"),
        ({"shape": [5]}, "output 'y' has the shape 5, not 6"),
        ({"dtype": "int8"}, "output 'y' holds int8, not float32"),
    ],
)
def test_outputs_unlike_the_reference_fail_parity_and_are_named(reference, spoilt, told):
    result = child.measure(request_for(reference, **spoilt))
    assert (result.status, result.reason, result.parity["cosine"]) == ("ok", told, 0)
    assert len(result.samples_ns) == 5


def test_a_wrong_precision_is_reported_as_read_back(reference):
    assert child.measure(request_for(reference, precision="bf16")).facts["precision"] == "bf16"


def test_without_expected_outputs_the_parity_is_unknown(tmp_path):
    np.savez(tmp_path / "inputs.npz", **{"input:x": np.ones(3)})
    result = child.measure(request_for(tmp_path / "inputs.npz"))
    assert (result.status, result.parity) == ("ok", None)
    assert child.measure(request_for(None)).parity is None


@pytest.mark.parametrize("where", ["fail", "fail_in_prepare"])
def test_a_failure_keeps_the_runtimes_message(reference, where):
    result = child.measure(request_for(reference, **{where: "no kernel\nfor Foo(3)"}))
    assert (result.status, result.reason) == ("failed", "RuntimeError: no kernel for Foo(3)")
    assert result.samples_ns == ()


def test_a_long_message_is_cut(reference):
    assert len(child.measure(request_for(reference, fail="x" * 10_000)).reason) == 600


def test_exhausted_memory_is_its_own_status(reference):
    result = child.measure(request_for(reference, exhaust_memory=True))
    assert (result.status, result.reason) == ("oom", "the measuring process ran out of memory")


def test_an_array_that_found_no_memory_is_told_with_its_size(reference, monkeypatch):
    monkeypatch.setattr(FakeRuntime, "prepare", lambda *_: np.empty(1 << 62, np.uint8))
    result = child.measure(request_for(reference))
    assert result.status == "oom"
    assert result.reason.startswith("the measuring process ran out of memory: Unable to allocate 4.00 EiB")


def test_whose_memory_was_exhausted_is_told_where_it_is_known():
    told = child.out_of_memory(MemoryError("the GPU is\nfull"))
    assert told == "the measuring process ran out of memory: the GPU is full"
    assert len(child.out_of_memory(MemoryError("x" * 10_000))) == 600


def test_an_unavailable_device_names_the_mend(reference):
    result = child.measure(request_for(reference, device="abacus"))
    assert result.status == "failed"
    assert "'abacus'" in result.reason
    assert "--device cpu" in result.reason


def test_an_unreadable_reference_is_named(tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"PK nonsense")
    np.savez(tmp_path / "torn.npz", x=np.ones(99))
    (tmp_path / "torn.npz").write_bytes((tmp_path / "torn.npz").read_bytes()[:200])
    for name in ("bad.npz", "torn.npz", "absent.npz"):
        result = child.measure(request_for(tmp_path / name))
        assert result.status == "failed"
        assert f"{name} cannot be read" in result.reason


def test_outputs_that_differ_in_number_fail(tmp_path):
    x = np.ones(3)
    np.savez(tmp_path / "two.npz", **{"input:x": x, "output:a": x, "output:b": x})
    result = child.measure(request_for(tmp_path / "two.npz"))
    assert result.status == "failed"
    assert "['a', 'b']" in result.reason


def test_an_interrupt_is_not_a_failure_of_the_runtime(reference):
    with pytest.raises(KeyboardInterrupt):
        child.measure(request_for(reference, interrupt=True))


def test_a_result_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    child.write_result(path, LaunchResult("ok", samples_ns=(1, 2)))
    assert LaunchResult.from_json(json.loads(path.read_text())).samples_ns == (1, 2)
    with pytest.raises(ValueError, match="JSON compliant"):
        child.write_result(path, LaunchResult("ok", witnesses={"share": float("nan")}))
    assert LaunchResult.from_json(json.loads(path.read_text())).samples_ns == (1, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_peak_memory_is_not_inherited_from_a_large_parent():
    code = "from latbench.measure.child import peak_rss_bytes; print(peak_rss_bytes())"
    ballast = bytearray(os.urandom(1)) * 200_000_000
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < len(ballast)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd")
def test_it_dies_with_its_parent():
    hanging = (
        "import os, threading; from latbench.measure.group import die_with_parent; die_with_parent();"
        "print(os.getpid(), flush=True); threading.Event().wait()"
    )
    between = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hanging!r}])"
    with subprocess.Popen([sys.executable, "-c", between], stdout=subprocess.PIPE, text=True) as parent:
        orphan = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([orphan], [], [], 30)
        os.close(orphan)
    assert ended


def test_it_ends_at_once_when_its_parent_died_before_it_could_ask():
    code = "from latbench.measure.group import die_with_parent; die_with_parent(); print('alive')"
    for pid, ended in (
        ("1", (-signal.SIGKILL, "")),
        (str(os.getpid()), (0, "alive\n")),
        ("", (0, "alive\n")),
    ):
        environ = {**os.environ, PARENT: pid}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == ended


def test_a_measuring_process_imports_no_runtime_but_its_own():
    code = (
        "import sys, latbench.measure.child; heavy = ['torch', 'onnx', 'onnxruntime', 'openvino', 'pandas'];"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
