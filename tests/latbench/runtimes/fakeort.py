"""A stand-in for `onnxruntime` on a GPU: it writes down what it is asked, and computes z = relu(x w + b) * 2.

It behaves as release 1.31 was seen to where there is no GPU: a provider that cannot be made is dropped, which
is an error only because the CPU is forbidden. Options are read back with "1" and "0" for True and False.
"""

from types import SimpleNamespace

import numpy as np

CPU, CUDA, TENSORRT = (f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "Tensorrt"))
FORBIDDEN = (
    "[ONNXRuntimeError] : 1 : FAIL : This session contains graph nodes that are assigned to the default CPU "
    "EP, but fallback to CPU EP has been explicitly disabled by the user."
)


class Entries:
    """Session options and run options alike: attributes, and entries by name."""

    def __init__(self):
        self.entries, self.intra_op_num_threads, self.inter_op_num_threads = {}, 0, 0

    def add_session_config_entry(self, name, value):
        self.entries[name] = value

    add_run_config_entry = add_session_config_entry

    def get_session_config_entry(self, name):
        if name not in self.entries:
            raise RuntimeError(f"{name} is not there")
        return self.entries[name]


class Binding:
    def __init__(self, fake):
        self.fake, self._iobinding = fake, self
        self.given, self.taken = {}, {}

    def bind_input(self, name, *place):
        device, number, kind, shape, pointer = place
        assert (device, number) == ("cuda", 0)
        self.given[name] = (pointer, tuple(shape), kind)

    def bind_output(self, name, *place):
        if place == ("cpu",):
            self.taken[name] = None
            return
        device, number, kind, shape, pointer = place
        assert (device, number) == ("cuda", 0)
        self.taken[name] = (pointer, tuple(shape), kind)

    def get_outputs(self):
        return [SimpleNamespace(numpy=lambda name=name: self.fake.computed[name]) for name in self.taken]


class FakeOrt:
    """The module; the attributes set below are what a test changes before it opens a session."""

    __version__ = "1.31.1"
    cuda_version = "13.0"
    ExecutionMode = SimpleNamespace(ORT_SEQUENTIAL=0)
    GraphOptimizationLevel = SimpleNamespace(ORT_ENABLE_ALL=99)
    SessionOptions = RunOptions = Entries

    def __init__(self, cuda_api, array_at, given):
        self.cuda_api, self.array_at, self.given = cuda_api, array_at, given
        self.offers = [TENSORRT, CUDA, CPU]
        self.drops, self.tells, self.overrides = set(), True, {}
        self.on_cpu, self.on_cuda, self.on_tensorrt = [], [("Gemm", "g"), ("Relu", "")], []
        self.fault = self.open_fault = None
        self.opened, self.computed, self.dynamic, self.builds = [], {}, False, lambda options: None

    def get_available_providers(self):
        return self.offers

    def InferenceSession(self, model, chosen, providers, enable_fallback):
        assert enable_fallback == 0, "it would print, and fall back"
        return FakeSession(self, model, chosen, providers)

    def compute(self, x):
        y = np.maximum(x @ self.given["w"] + self.given["b"], 0)
        return {"y": y, "z": y + y}


class FakeSession:
    def __init__(self, fake, model, chosen, providers):
        self.fake, self.chosen, self.model = fake, chosen, model
        self.asked = [(name, options) for name, options in providers if name not in fake.drops]
        fake.opened.append((model, dict(chosen.entries), providers))
        if fake.open_fault:
            raise fake.open_fault
        if chosen.entries.get("session.disable_cpu_ep_fallback") == "1" and (fake.on_cpu or not self.asked):
            raise RuntimeError(FORBIDDEN)
        for name, options in self.asked:
            if name == TENSORRT:
                fake.builds(options)
        if fake.tells:
            self.get_provider_graph_assignment_info = self._assigned
        self._sess = self

    def get_providers(self):
        return [*(name for name, _ in self.asked), CPU]

    def get_provider_options(self):
        told = {name: {**self._read(options), **self.fake.overrides} for name, options in self.asked}
        return {
            CPU: {},
            **{name: {k: v for k, v in one.items() if v is not None} for name, one in told.items()},
        }

    @staticmethod
    def _read(options):
        return {key: {"True": "1", "False": "0"}.get(value, value) for key, value in options.items()}

    def _assigned(self):
        assert self.chosen.entries["session.record_ep_graph_assignment_info"] == "1"
        parts = ((CPU, self.fake.on_cpu), (CUDA, self.fake.on_cuda), (TENSORRT, self.fake.on_tensorrt))
        for name, nodes in parts:
            if nodes and name in self.get_providers():
                held = [SimpleNamespace(op_type=kind, name=label) for kind, label in nodes]
                yield SimpleNamespace(ep_name=name, get_nodes=lambda held=held: held)

    def get_session_options(self):
        return self.chosen

    def get_inputs(self):
        return [SimpleNamespace(name="x", type="tensor(float)", shape=[2, 6])]

    def get_outputs(self):
        shapes = {"y": [2, 5], "z": ["n", 5] if self.fake.dynamic else [2, 5]}
        return [
            SimpleNamespace(name=name, type="tensor(float)", shape=shape) for name, shape in shapes.items()
        ]

    def io_binding(self):
        return Binding(self.fake)

    def run_with_iobinding(self, binding, options):
        assert options.entries == {"disable_synchronize_execution_providers": "1"}
        self.fake.cuda_api.log.append("infer")
        if self.fake.fault:
            raise self.fake.fault

        def infer():
            self.fake.computed = self.fake.compute(self.fake.array_at(*binding.given["x"]))
            for name, place in binding.taken.items():
                if place is not None:
                    self.fake.array_at(*place)[...] = self.fake.computed[name]

        self.fake.cuda_api.work(infer)
