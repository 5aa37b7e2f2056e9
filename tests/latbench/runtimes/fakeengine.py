"""Engines of the stand-in for TensorRT: loaded, inspected and run; `faketrt.py` builds them.

An engine is its ONNX graph. It is computed by onnx's reference evaluator on the stream of a `FakeCuda`, which
reads and writes at the addresses that were bound.
"""

import ctypes
import json
from typing import Any

import numpy as np

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


def running(trt: Any, cuda: Any, called: Any, major: int) -> tuple[type, ...]:
    """Return the classes of `trt` that an engine and its run are made of, computing on `cuda`.

    `called` writes a call down and tells whether it is to fail.
    """

    class ITensor(Object):
        name = shape = None

        def __init__(self, value):
            self.name = value.name
            dims = value.type.tensor_type.shape.dim
            self.shape = tuple(one.dim_value if one.HasField("dim_value") else -1 for one in dims)
            self._dtype = trt.DataType[NAMES[value.type.tensor_type.elem_type]]

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
            return trt.TensorIOMode.INPUT if self._tensor(name) in self._in else trt.TensorIOMode.OUTPUT

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
            assert format is trt.LayerInformationFormat.JSON
            if "get_engine_information" in trt.fail:
                return trt.fail["get_engine_information"]
            return json.dumps(described(major, self._engine._model, self._engine._told))

    class IExecutionContext(Object):
        nvtx_verbosity = trt.ProfilingVerbosity.DETAILED

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

    return ITensor, Runtime, ICudaEngine, EngineInspector, IExecutionContext


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
