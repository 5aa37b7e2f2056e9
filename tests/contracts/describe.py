"""Run as a program, with the real bindings of TensorRT importable: prints what they offer, as JSON.

A process of its own for each version, since a process imports one only. What is printed:

    {"version": "11.4.0.106",
     "functions": {"init_libnvinfer_plugins": ["init_libnvinfer_plugins(logger: ...) -> bool"]},
     "classes": {"Builder": {"bases": [], "methods": {NAME: [DOCSTRING]}, "members": [NAME],
                             "properties": {NAME: [DOCSTRING, WRITABLE]}}},
     "values": ["float32"]}

`members` are constants, those of an enumeration too, `values` what else the module holds, and "__init__"
is the constructor.
"""

import json
import sys
from typing import Any


def described(kind: type) -> dict[str, Any]:
    """Return what a class offers, what it inherits included."""
    members = list(getattr(kind, "__members__", {}))
    methods: dict[str, list[str]] = {}
    properties: dict[str, list[Any]] = {}
    for name in dir(kind):
        held = next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), None)
        if isinstance(held, property):
            properties[name] = [getattr(held.fget, "__doc__", None) or "", held.fset is not None]
        elif name == "__init__" or (callable(getattr(kind, name)) and not name.startswith("_")):
            methods[name] = [getattr(kind, name).__doc__ or ""]
        elif not name.startswith("_"):
            members.append(name)
    return {
        "bases": [base.__name__ for base in kind.__mro__[1:-1] if "pybind11" not in base.__name__],
        "methods": {name: told for name, told in methods.items() if name not in members},
        "properties": properties,
        "members": members,
    }


def everything(module: Any) -> dict[str, Any]:
    """Return what the module offers."""
    offered: dict[str, Any] = {"version": module.__version__, "functions": {}, "classes": {}, "values": []}
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or type(value) is type(sys):
            continue
        if isinstance(value, type):
            offered["classes"][name] = described(value)
        elif callable(value):
            offered["functions"][name] = [value.__doc__ or ""]
        else:
            offered["values"].append(name)
    return offered


if __name__ == "__main__":
    import tensorrt_bindings

    json.dump(everything(tensorrt_bindings), sys.stdout)
