"""What a source asks of TensorRT's objects, read from its syntax tree.

The objects go by the same names everywhere in our runtime, and BASES says what each is. A use whose object
has another name is not overlooked: `strays` finds every attribute that some class of TensorRT has too.
"""

import ast
from collections.abc import Collection, Iterator
from typing import NamedTuple

MODULE = "trt"
BASES = {
    "builder": "Builder",
    "config": "IBuilderConfig",
    "context": "IExecutionContext",
    "engine": "ICudaEngine",
    "inspector": "EngineInspector",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "problem": "ParserError",
    "registry": "IPluginRegistry",
    "runtime": "Runtime",
    "tensor": "ITensor",
    "cache": "ITimingCache",
}


# Functions that call what they are given first, with what follows so many arguments.
BEFORE = {"made": 3, "partial": 1}


class Use(NamedTuple):
    """An attribute of an object of class `kind`, or of the module where `kind` is "".

    `how` is "call" with the numbers of arguments by position and the names of the others, "set", or "get".
    """

    kind: str
    name: str
    how: str
    positional: int = 0
    keywords: tuple[str, ...] = ()
    line: int = 0


def uses(source: str) -> Iterator[Use]:
    """Yield every use of TensorRT in a source, `trt.A.B` as the use of B by the class A."""
    tree = ast.parse(source)
    imported = _imported(tree)
    calls = {id(part): call for node in ast.walk(tree) for part, call in _called(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (kind := kind_of(node.value, imported)) is not None:
            if id(node) in calls:
                yield Use(kind, node.attr, "call", *calls[id(node)], line=node.lineno)
            else:
                how = "set" if isinstance(node.ctx, ast.Store) else "get"
                yield Use(kind, node.attr, how, line=node.lineno)


def strays(source: str, names: Collection[str], ours: Collection[str]) -> set[str]:
    """Return attributes called as one of `names`, as "base.name", of what is no object that `uses` knows.

    `ours` are bases that are none of TensorRT's.
    """
    tree = ast.parse(source)
    imported = _imported(tree)
    found = {
        f"{ast.unparse(node.value)}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in names
        and kind_of(node.value, imported) is None
        and not (isinstance(node.value, ast.Name) and node.value.id in imported)
    }
    return {use for use in found if use.rpartition(".")[0] not in ours}


def kind_of(node: ast.expr, imported: Collection[str] = ()) -> str | None:
    """Return the class of TensorRT that an expression is of, "" for the module, None for no such."""
    match node:
        case ast.Name(id=name) if name in imported:
            return None
        case ast.Name(id=name) | ast.Attribute(attr=name, value=ast.Name(id="self")):
            return "" if name == MODULE else BASES.get(name.lstrip("_"))
        case ast.Attribute(attr=name, value=ast.Name(id=base)) if base == MODULE:
            return name
    return None


def _imported(tree: ast.AST) -> set[str]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).partition(".")[0] for node in found for alias in node.names}


def _called(node: ast.AST) -> Iterator[tuple[ast.expr, tuple[int, tuple[str, ...]]]]:
    """Yield what `node` calls, with the arguments."""
    if not isinstance(node, ast.Call):
        return
    keywords = tuple(word.arg for word in node.keywords if word.arg)
    arguments, called = node.args, node.func
    if isinstance(called, ast.Name) and called.id in BEFORE:
        arguments, called = arguments[BEFORE[called.id] :], arguments[0]
    for part in (called.body, called.orelse) if isinstance(called, ast.IfExp) else (called,):
        yield part, (len(arguments), keywords)
