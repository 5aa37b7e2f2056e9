"""A stand-in for the module `tensorrt`, 10 or 11: it writes down each call and really computes.

Here is what builds an engine, in `fakeengine.py` what runs it. The objects have the attributes of TensorRT's
that our runtime uses and no others; tests/contracts holds them to the real bindings by `faked`.
"""

import inspect
import json
import sys
import types
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # the file beside this one

from fakeengine import HEAD, NAMES, Object, given, running

VERSIONS = {10: "10.16.1.11", 11: "11.4.0.106"}


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
            return trt.ITensor(given(self._model)[index])

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
        *(ILogger, IHostMemory, ITimingCache, INetworkDefinition, IBuilderConfig, Builder),
        *(ParserError, OnnxParser, IPluginRegistry),
    )
    for one in (*kinds, *classes, get_plugin_registry, init_libnvinfer_plugins):
        setattr(trt, one.__name__, one)
    for one in running(trt, cuda, called, major):
        setattr(trt, one.__name__, one)
    return trt


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
