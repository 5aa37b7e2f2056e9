# Long because the classes of one stand-in share its log and what is to go wrong.
"""A stand-in for the module `tensorrt`, 10 or 11: it writes down each call and really computes.

Its engine is the ONNX graph itself, its kernels are onnx's reference evaluator, put on the stream of a
`FakeCuda` and reading and writing at the addresses that were bound. Its objects have the attributes of
TensorRT's that our runtime uses and no others; tests/contracts holds them to the real bindings by `faked`.
"""

import ctypes
import inspect
import json
import types
from enum import Enum, IntEnum
from typing import Any

import numpy as np

VERSIONS = {10: "10.16.1.11", 11: "11.4.0.106"}
HEAD = b"fake engine "
NAMES = {1: "FLOAT", 3: "INT8", 6: "INT32", 7: "INT64", 9: "BOOL", 10: "HALF", 16: "BF16", 2: "UINT8"}
"""DataType by ONNX's element type."""
WORDS = {
    "FLOAT": ("Float", "Row major linear FP32 format"),
    "HALF": ("Half", "Row major linear FP16 format"),
    "BF16": ("BFloat16", "Row major linear BFloat16 format"),
    "INT64": ("Int64", "Row major Int64 format"),
    "INT32": ("Int32", "Row major Int32 format"),
    "BOOL": ("Bool", "Row major Bool format"),
}
EXACT, ROUNDED = "sm80_xmma_gemm_f32f32_f32f32_f32_nn_n", "sm80_xmma_gemm_f32f32_tf32f32_f32_nn_n"


class Object:
    """An object of TensorRT's: no attribute can be set that its class does not declare."""

    def __setattr__(self, name, value):
        if not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        object.__setattr__(self, name, value)


def module(major: int, cuda: Any) -> Any:
    """Return the stand-in for `major`, computing on `cuda`.

    `trt.log` holds the calls in order. `trt.fail[what] = message` makes the call `what` fail, after it has
    said `message` as an error (None: without a word). `trt.lacks` are operators that the parser has not,
    `trt.plugins` the creators of plugins, `trt.timed` the kernel timings that each build was given.
    """
    trt = types.ModuleType("tensorrt")
    trt.__version__ = VERSIONS[major]
    trt.log, trt.fail, trt.lacks, trt.plugins, trt.timed = [], {}, {"DFT"}, [], []

    def called(what, log):
        """Write a call down; return whether it is to fail."""
        trt.log.append(what)
        if what not in trt.fail:
            return False
        if trt.fail[what] is not None:
            log.log(trt.ILogger.ERROR, trt.fail[what])
        return True

    class Severity(IntEnum):
        INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    class ILogger:
        INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = Severity

        def __init__(self):
            self._made = True

        def log(self, severity, msg):
            raise NotImplementedError

    weak = ("FP16", "BF16") if major == 10 else ()
    BuilderFlag = Enum("BuilderFlag", ("TF32", *weak))
    DataType = Enum("DataType", (*sorted(set(NAMES.values())), "FP8"))
    LayerInformationFormat = Enum("LayerInformationFormat", ("ONELINE", "JSON"))
    MemoryPoolType = Enum("MemoryPoolType", ("WORKSPACE", "TACTIC_DRAM"))
    ProfilingVerbosity = Enum("ProfilingVerbosity", ("LAYER_NAMES_ONLY", "DETAILED", "NONE"))
    TensorIOMode = Enum("TensorIOMode", ("NONE", "INPUT", "OUTPUT"))

    class ITensor(Object):
        name = shape = None

        def __init__(self, value):
            self.name = value.name
            dims = value.type.tensor_type.shape.dim
            self.shape = tuple(one.dim_value if one.HasField("dim_value") else -1 for one in dims)
            self._dtype = DataType[NAMES[value.type.tensor_type.elem_type]]

    class IHostMemory(Object):
        nbytes = 0

        def __init__(self, data):
            self._data = data
            self.nbytes = len(data)

        def __bytes__(self):
            return self._data

    class ITimingCache(Object):
        def __init__(self, data):
            self._data = data

        def serialize(self):
            return IHostMemory(self._data)

    class INetworkDefinition(Object):
        num_inputs = 0

        def __init__(self):
            self._model = None

        def get_input(self, index):
            return ITensor(given(self._model)[index])

    class IBuilderConfig(Object):
        builder_optimization_level = 3
        profiling_verbosity = ProfilingVerbosity.LAYER_NAMES_ONLY

        def __init__(self, log):
            self._log, self._flags, self._cache = log, {BuilderFlag.TF32}, None
            self._pools = {MemoryPoolType.WORKSPACE: 80 << 30}

        def set_flag(self, flag):
            trt.log.append(f"set {flag.name}")
            self._flags.add(flag)

        def clear_flag(self, flag):
            trt.log.append(f"clear {flag.name}")
            self._flags.discard(flag)

        def get_flag(self, flag):
            return flag in self._flags and "get_flag" not in trt.fail

        def set_memory_pool_limit(self, pool, pool_size):
            self._pools[pool] = pool_size

        def get_memory_pool_limit(self, pool):
            return self._pools[pool]

        def create_timing_cache(self, serialized_timing_cache):
            if serialized_timing_cache and called("create_timing_cache", self._log):
                return None
            return ITimingCache(serialized_timing_cache)

        def set_timing_cache(self, cache, ignore_mismatch):
            assert not ignore_mismatch
            if cache._data and called("set_timing_cache", self._log):
                return False
            self._cache = cache
            return True

        def get_timing_cache(self):
            return self._cache

    class Builder(Object):
        def __init__(self, logger):
            self._log = logger
            assert logger._made, "the base class of a logger is to be initialised"
            if called("Builder", logger):
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def create_network(self, flags=0):
            trt.log.append("create_network")
            return INetworkDefinition()

        def create_builder_config(self):
            trt.log.append("create_builder_config")
            return IBuilderConfig(self._log)

        def build_serialized_network(self, network, config):
            if called("build_serialized_network", self._log):
                return None
            cache = config._cache
            trt.timed.append(None if cache is None else bytes(cache.serialize()))
            if cache is not None:
                cache._data = cache._data or b"timings"
            told = {
                "flags": sorted(flag.name for flag in config._flags),
                "detailed": config.profiling_verbosity is ProfilingVerbosity.DETAILED,
            }
            return IHostMemory(HEAD + json.dumps(told).encode() + b"\n" + network._model.SerializeToString())

    class ParserError:
        def __init__(self, operator, name, said):
            self._told = operator, name, said

        def node_operator(self):
            return self._told[0]

        def node_name(self):
            return self._told[1]

        def desc(self):
            return self._told[2]

    class OnnxParser(Object):
        num_errors = 0

        def __init__(self, network, logger):
            trt.log.append("OnnxParser")
            self._network, self._log, self._errors = network, logger, []

        def supports_operator(self, op_name):
            return op_name.isidentifier() and op_name not in trt.lacks

        def parse_from_file(self, model):
            import onnx

            return self._take("parse_from_file", onnx.load(model))

        def parse(self, model, path=None):
            import onnx

            return self._take("parse", onnx.ModelProto.FromString(model))

        def _take(self, how, model):
            if how in trt.fail:
                self._errors = trt.fail[how] or []
                self.num_errors = len(self._errors)
                trt.log.append(how)
                return False
            trt.log.append(how)
            self._network._model = model
            self._network.num_inputs = len(given(model))
            return True

        def get_error(self, index):
            return ParserError(*self._errors[index])

    class Runtime(Object):
        def __init__(self, logger):
            self._log = logger
            if called("Runtime", logger):
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def deserialize_cuda_engine(self, serialized_engine):
            if called("deserialize_cuda_engine", self._log):
                if trt.fail.pop("once", None):
                    del trt.fail["deserialize_cuda_engine"]
                return None
            assert serialized_engine.startswith(HEAD)
            return ICudaEngine(serialized_engine, self._log)

    class ICudaEngine(Object):
        num_io_tensors = 0

        def __init__(self, plan, log):
            import onnx

            told, _, model = plan[len(HEAD) :].partition(b"\n")
            self._told, self._log, self._model = json.loads(told), log, onnx.ModelProto.FromString(model)
            self._in = [ITensor(value) for value in given(self._model)]
            self._out = [ITensor(value) for value in self._model.graph.output]
            self.num_io_tensors = len(self._in) + len(self._out)

        def _tensor(self, name):
            return next(tensor for tensor in (*self._in, *self._out) if tensor.name == name)

        def get_tensor_name(self, index):
            return (*self._in, *self._out)[index].name

        def get_tensor_mode(self, name):
            return TensorIOMode.INPUT if self._tensor(name) in self._in else TensorIOMode.OUTPUT

        def get_tensor_shape(self, name):
            return self._tensor(name).shape

        def get_tensor_dtype(self, name):
            return self._tensor(name)._dtype

        def create_execution_context(self):
            return None if called("create_execution_context", self._log) else IExecutionContext(self)

        def create_engine_inspector(self):
            return EngineInspector(self)

    class EngineInspector(Object):
        def __init__(self, engine):
            self._engine = engine

        def get_engine_information(self, format):
            assert format is LayerInformationFormat.JSON
            if "get_engine_information" in trt.fail:
                return trt.fail["get_engine_information"]
            return json.dumps(described(major, self._engine._model, self._engine._told))

    class IExecutionContext(Object):
        nvtx_verbosity = ProfilingVerbosity.DETAILED

        def __init__(self, engine):
            self._engine, self._log, self._at = engine, engine._log, {}

        def set_tensor_address(self, name, memory):
            if called("set_tensor_address", self._log):
                return False
            self._at[name] = memory
            return True

        def execute_async_v3(self, stream_handle):
            cuda.log.append("execute")
            if called("execute_async_v3", self._log):
                return False
            cuda.work(self._compute)
            return True

        def _compute(self):
            from onnx.reference import ReferenceEvaluator

            engine = self._engine
            feeds = {one.name: self._array(one).copy() for one in engine._in}
            results = ReferenceEvaluator(engine._model).run(None, feeds)
            for tensor, result in zip(engine._out, results, strict=True):
                self._array(tensor)[...] = result

        def _array(self, tensor):
            import onnx

            number = next(number for number, name in NAMES.items() if name == tensor._dtype.name)
            dtype = onnx.helper.tensor_dtype_to_np_dtype(number)
            size = max(int(np.prod(tensor.shape)) * dtype.itemsize, 1)
            assert cuda.inside(self._at[tensor.name], size)
            memory = (ctypes.c_ubyte * size).from_address(self._at[tensor.name])
            return np.frombuffer(memory, np.uint8).view(dtype).reshape(tensor.shape)

    class IPluginRegistry(Object):
        all_creators = ()

    def get_plugin_registry():
        registry = IPluginRegistry()
        registry.all_creators = trt.plugins
        return registry

    def init_libnvinfer_plugins(logger, namespace):
        return not called("init_libnvinfer_plugins", logger)

    kinds = (BuilderFlag, DataType, LayerInformationFormat, MemoryPoolType, ProfilingVerbosity, TensorIOMode)
    classes = (
        *(ILogger, ITensor, IHostMemory, ITimingCache, INetworkDefinition, IBuilderConfig, Builder),
        *(ParserError, OnnxParser, Runtime, ICudaEngine, EngineInspector, IExecutionContext, IPluginRegistry),
    )
    for one in (*kinds, *classes, get_plugin_registry, init_libnvinfer_plugins):
        setattr(trt, one.__name__, one)
    return trt


def given(model):
    """Return the inputs of a graph that are no weights."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def described(major, model, told):
    """Return what the inspector of `major` says of an engine: a layer for each node of the graph."""
    if not told["detailed"]:
        return {"Layers": [node.op_type for node in model.graph.node], "Bindings": []}
    kinds = {tensor.name: NAMES[tensor.data_type] for tensor in model.graph.initializer}
    kinds |= {value.name: NAMES[value.type.tensor_type.elem_type] for value in given(model)}
    layers = []
    for node in model.graph.node:
        kind = next((kinds[name] for name in node.input if name in kinds), "FLOAT")
        if node.op_type == "Cast":
            kinds |= dict.fromkeys(node.output, NAMES[node.attribute[0].i])
        else:
            kinds |= dict.fromkeys(node.output, kind)
        for flag, half in (("FP16", "HALF"), ("BF16", "BF16")):
            if flag in told["flags"] and kind == "FLOAT":
                kind = half
        word, words = WORDS[kind]
        typed = (
            {"Format/Datatype": word} if major == 10 else {"DataType": word, "Format": f"{words} (kLINEAR)"}
        )
        layer = {
            "Name": node.name or node.op_type,
            "LayerType": "Reformat" if node.op_type == "Cast" else "kgen",
            "Inputs": [{"Name": name, "Dimensions": [1], **typed} for name in node.input],
            "Outputs": [{"Name": name, "Dimensions": [1], **typed} for name in node.output],
        }
        if node.op_type in ("Gemm", "MatMul", "Conv"):
            layer["LayerType"] = "gemm"
            layer["TacticName"] = ROUNDED if "TF32" in told["flags"] and kind == "FLOAT" else EXACT
        layers.append(layer)
    return {"Layers": layers, "Bindings" if major == 10 else "I/O Tensors": []}


def faked(major: int) -> dict[str, dict[str, Any]]:
    """Return what the stand-in has, by class ("" for the module) and name: a signature, "member", "property".

    Signatures are without `self`; "__init__" is that of the constructor, given where our code calls it.
    """
    trt = module(major, None)
    own = {"log", "fail", "lacks", "plugins", "timed"}
    found: dict[str, dict[str, Any]] = {"": {"__version__": "property"}}
    for name, value in vars(trt).items():
        if name.startswith("__") or name in own:
            continue
        if not isinstance(value, type):
            found[""][name] = inspect.signature(value)
        elif issubclass(value, Enum):
            found[name] = dict.fromkeys(value.__members__, "member")
        else:
            found[name] = {
                word: _kind(held) for word, held in vars(value).items() if not word.startswith("_")
            }
    for name in ("Builder", "OnnxParser", "Runtime", "ILogger"):
        found[name]["__init__"] = _kind(vars(getattr(trt, name))["__init__"])
    return found


def _kind(held: Any) -> Any:
    if not inspect.isfunction(held):
        return "member" if isinstance(held, Enum) else "property"
    signature = inspect.signature(held)
    return signature.replace(parameters=list(signature.parameters.values())[1:])
