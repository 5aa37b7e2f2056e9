"""The house's rules about who may use whom, read from every module's source; ARCHITECTURE.md tells them."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# The road: each room, and what it may use besides itself. What follows a room on the road is not in its list.
ROADS = {
    "exporters": (),
    "latbench.errors": (),
    "latbench.stats": ("exporters.discovery",),
    "latbench.machine": ("exporters.discovery", "latbench.errors"),
    "latbench.zoo": (
        "exporters.discovery",
        "exporters.involution.base",
        "exporters.involution.name",
        "exporters.lowerings.base",
        "exporters.lowerings.name",
        "latbench.errors",
    ),
    "latbench.runtimes": (
        "exporters.discovery",
        "exporters.errors",
        "exporters.precision",
        "exporters.tensorrt_operators",
        "exporters.wholefile",
        "latbench.errors",
    ),
    "latbench.measure": (
        "exporters.parity",
        "latbench.errors",
        "latbench.machine.kernels",
        "latbench.machine.native",
        "latbench.machine.witnesses",
        "latbench.runtimes",
        "latbench.stats",
    ),
    "latbench.records": (
        "exporters.discovery",
        "exporters.parity",
        "exporters.wholefile",
        "latbench.errors",
        "latbench.measure.launch",
        "latbench.stats",
    ),
    "latbench.papers": ("latbench.errors", "latbench.records", "latbench.stats", "latbench.zoo.registry"),
    "latbench.reports": ("exporters.discovery", "latbench.errors", "latbench.papers", "latbench.records"),
    "latbench.pipeline": (
        "exporters",
        "latbench.errors",
        "latbench.machine",
        "latbench.measure",
        "latbench.records",
        "latbench.runtimes",
        "latbench.stats",
        "latbench.zoo",
    ),
    "latbench.studies": (
        "exporters.discovery",
        "exporters.errors",
        "exporters.lowerings",
        "latbench.errors",
        "latbench.records",
        "latbench.stats",
        "latbench.zoo",
    ),
    "latbench.crosscheck": (
        "exporters.artifact",
        "exporters.discovery",
        "exporters.parity",
        "latbench.errors",
        "latbench.measure",
        "latbench.pipeline",
        "latbench.records",
        "latbench.runtimes",
        "latbench.stats",
    ),
    "latbench.cli": ("exporters", "latbench"),
    "latbench.__main__": ("latbench.cli",),
    "latbench": ("latbench.zoo", "latbench.pipeline"),
}
RUNTIME_PACKAGES = ("onnxruntime", "openvino", "tensorrt", "ncnn")
VENDORS = (
    "torch",
    "onnx",
    "onnxscript",
    "onnx_ir",
    "onnxsim",
    "pandas",
    "scipy",
    "rich",
    "matplotlib",
    *RUNTIME_PACKAGES,
)


class Use(NamedTuple):
    """What a module does: `kind` is "import", "call" or "word", and `when` "import", "call" or "types"."""

    module: str
    line: int
    kind: str
    name: str
    when: str


def within(name: str, *packages: str) -> bool:
    """Tell whether the dotted `name` is one of `packages` or something inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def room(module: str) -> str:
    """Return the longest key of ROADS that holds `module`; `latbench` itself holds only its `__init__`."""
    held = [key for key in ROADS if within(module, key) and (key != "latbench" or module == key)]
    assert held, f"{module} is in no room: say in ROADS, above, where on the road it stands"
    return max(held, key=len)


def uses(module: str, source: str) -> Iterator[Use]:
    """Yield every import, call and word (string or identifier, docstrings apart) of a module's source."""
    for node, when in _walk(ast.parse(source), "import"):
        for kind, name in _told(node):
            yield Use(module, getattr(node, "lineno", 0), kind, name, when)


def _walk(node: ast.AST, when: str) -> Iterator[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        inside = when
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = "call"
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            inside = "types"
        if not (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)):
            yield child, inside
            yield from _walk(child, inside)


def _told(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(names=names):
            yield from (("import", alias.name) for alias in names)
        case ast.ImportFrom(module=package, names=names):
            yield from (("import", f"{package}.{alias.name}") for alias in names)
        case ast.Call(func=called, args=[ast.Constant(value=str(name))]) if _imports(called):
            yield "import", name
        case ast.Call(func=called):
            yield "call", ast.unparse(called)
        case ast.Raise(exc=ast.Name(id=name)):
            yield "call", name
        case ast.Constant(value=str(word)) | ast.Name(id=word) | ast.Attribute(attr=word):
            yield "word", word


def _imports(called: ast.expr) -> bool:
    return ast.unparse(called).split(".")[-1] in ("import_module", "__import__")


def _modules() -> dict[str, str]:
    paths = [path for package in ("exporters", "latbench") for path in sorted((ROOT / package).rglob("*.py"))]
    dotted = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): path.read_text("utf-8") for name, path in dotted.items()}


MODULES = _modules()
RUNTIMES = tuple(
    module
    for module, source in MODULES.items()
    if within(module, "latbench.runtimes")
    and any(
        isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "RUNTIME" for n in ast.parse(source).body
    )
)
SHARED = "latbench.runtimes.shared"
ROOMS = tuple(
    sorted(
        {
            ".".join(name.split(".")[:3])
            for name in MODULES
            if name.startswith("latbench.runtimes.") and name.count(".") > 2
        }
    )
)


def beside(module: str) -> str:
    """Return the room beside the runtimes that holds `module`."""
    return next(held for held in ROOMS if within(module, held))


@dataclass(frozen=True)
class Rule:
    """A rule, why it stands, and (module, source) pairs: `planted` ones break it, `harmless` ones do not."""

    name: str
    reason: str
    broken_by: Callable[[Use], bool]
    planted: tuple[tuple[str, str], ...]
    harmless: tuple[tuple[str, str], ...]


LIGHT = ("latbench.papers", "latbench.reports", "latbench.stats", "latbench.records", "latbench.machine")
LAYERS = ("latbench.zoo.layers", "latbench.zoo.networks")
TALK = ("print", "exit", "quit", "sys.exit", "os._exit", "SystemExit", "sys.stdout.write", "sys.stderr.write")
# Speaks and dies on purpose, to test that a launch which does so loses nothing.
ACTORS = ("latbench.runtimes.fake",)

RULES = (
    Rule(
        "exporters never import latbench",
        "they turn any module into a file, for people who measure nothing; latbench uses them, never back",
        lambda use: use.kind == "import" and within(use.module, "exporters") and within(use.name, "latbench"),
        planted=(("exporters.new", "def f():\n    from latbench import stats"),),
        harmless=(
            ("exporters.new", "from exporters import parity"),
            ("latbench.zoo.new", "import exporters"),
        ),
    ),
    Rule(
        "nothing imports cli",
        "commands are the outermost layer: what two of them share belongs to the room that does it",
        lambda use: (
            use.kind == "import"
            and within(use.name, "latbench.cli")
            and not within(use.module, "latbench.cli", "latbench.__main__")
        ),
        planted=(("latbench.pipeline.new", "from latbench import cli"),),
        harmless=(("latbench.__main__", "from latbench.cli import main"),),
    ),
    Rule(
        "each room uses only what ROADS grants it",
        "spec -> module -> artifact -> session -> samples -> record -> row -> table: nothing flows back",
        lambda use: (
            use.kind == "import"
            and within(use.name, "exporters", "latbench")
            and use.name != "latbench"  # itself it holds little more than its version
            and not within(use.name, room(use.module), *ROADS[room(use.module)])
        ),
        planted=(
            ("latbench.stats.new", "from latbench.records import row"),
            ("latbench.reports.new", "import latbench.pipeline"),
            ("latbench.runtimes.new", "from exporters import export"),
        ),
        harmless=(
            ("latbench.records.new", "from latbench import stats"),
            ("latbench.stats.new", "import math"),
        ),
    ),
    Rule(
        "papers, reports, stats, records and machine import neither torch nor a runtime",
        "a laptop with neither can redraw every table, and a probe must not disturb what it probes",
        lambda use: (
            use.kind == "import"
            and within(use.module, *LIGHT)
            and within(use.name, "torch", "onnx", "onnxscript", "onnx_ir", "onnxsim", *RUNTIME_PACKAGES)
        ),
        planted=(
            ("latbench.stats.new", "def f():\n    import torch.nn"),
            ("latbench.machine.new", "import importlib\nimportlib.import_module('openvino')"),
        ),
        harmless=(("latbench.reports.new", "def f():\n    import rich"), ("exporters.new", "import onnx")),
    ),
    Rule(
        "no module imports a runtime's file",
        "runtimes are found by walking their folder and never need one another: each can be taken out alone",
        lambda use: use.kind == "import" and within(use.name, *RUNTIMES),
        planted=(
            ("latbench.runtimes.new", "from latbench.runtimes import openvino"),
            ("latbench.pipeline.new", "from latbench.runtimes.pytorch import RUNTIME"),
        ),
        harmless=(("latbench.runtimes.new", "from latbench.runtimes.base import Facts\nimport openvino"),),
    ),
    Rule(
        "a room beside the runtimes uses the protocol, what all share, and itself",
        "a vendor's helpers need no other vendor's, and no runtime: what two of them need is shared",
        lambda use: (
            use.kind == "import"
            and within(use.module, *ROOMS)
            and within(use.name, "latbench.runtimes")
            and not within(use.name, "latbench.runtimes.base", SHARED, beside(use.module))
        ),
        planted=(
            ("latbench.runtimes.ort.new", "from latbench.runtimes import openvino"),
            ("latbench.runtimes.ort.new", "from latbench.runtimes.trt import build"),
            ("latbench.runtimes.shared.new", "def f():\n    from latbench.runtimes.pt import cuda"),
            ("latbench.runtimes.trt.new", "from latbench import runtimes"),
        ),
        harmless=(
            ("latbench.runtimes.trt.new", "from latbench.runtimes.trt import build"),
            ("latbench.runtimes.pt.new", "from latbench.runtimes.shared import cuda"),
            ("latbench.runtimes.new", "from latbench.runtimes.ort import providers"),
        ),
    ),
    Rule(
        "measure names no runtime",
        "every runtime is timed by the same steps; what one needs differently stands in its own file",
        lambda use: (
            within(use.module, "latbench.measure")
            and any(runtime.split(".")[-1] in use.name for runtime in RUNTIMES)
        ),
        planted=(("latbench.measure.new", "def f(runtime):\n    return runtime == 'openvino'"),),
        harmless=(("latbench.measure.new", '"""Times openvino too."""'), ("latbench.cli.new", "x = 'fake'")),
    ),
    Rule(
        "vendor packages are imported only inside functions",
        "importing them takes seconds, and a command that needs none works where they are missing",
        lambda use: (
            use.kind == "import"
            and use.when == "import"
            and within(use.name, *VENDORS)
            and not (within(use.module, *LAYERS) and within(use.name, "torch"))
        ),
        planted=(
            ("exporters.new", "import onnx"),
            ("latbench.zoo.layers.new", "import pandas"),
            ("latbench.cli.new", "try:\n    from rich import box\nexcept ImportError:\n    pass"),
        ),
        harmless=(
            ("exporters.new", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import onnx"),
            ("exporters.new", "class A:\n    def f(self):\n        import onnx"),
            ("latbench.zoo.layers.new", "from torch import nn"),
        ),
    ),
    Rule(
        "only cli prints or exits",
        "a library returns values and raises errors; its caller decides what is shown and what ends",
        lambda use: (
            use.kind in ("call", "import")
            and use.name in TALK
            and not within(use.module, "latbench.cli", "latbench.__main__", *ACTORS)
        ),
        planted=(
            ("latbench.stats.new", "print(1)"),
            ("exporters.new", "def f():\n    raise SystemExit"),
            ("latbench.zoo.new", "from sys import exit"),
            ("latbench.measure.new", "import sys\nsys.exit(1)"),
        ),
        harmless=(("latbench.cli.new", "print(1)"), ("latbench.reports.new", "console.print(1)")),
    ),
)
rules = pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])


@rules
def test_the_tree_keeps(rule):
    broken = [
        use for module, source in MODULES.items() for use in uses(module, source) if rule.broken_by(use)
    ]
    told = "\n".join(f"  {use.module}, line {use.line}: {use.kind} {use.name}" for use in broken)
    assert not broken, f"{rule.name}: {rule.reason}. Broken by\n{told}"


@rules
def test_a_planted_violation_is_seen(rule):
    unseen = [source for module, source in rule.planted if not any(map(rule.broken_by, uses(module, source)))]
    assert not unseen


@rules
def test_a_harmless_neighbour_is_let_be(rule):
    blamed = [use for module, source in rule.harmless for use in uses(module, source) if rule.broken_by(use)]
    assert not blamed


def test_every_room_of_the_road_stands():
    missing = [key for key in ROADS if not any(within(module, key) for module in MODULES)]
    assert not missing, "ROADS names rooms that are gone"


def test_every_module_is_read():
    assert {"exporters", "exporters.parity", "latbench", "latbench.zoo.layers.modulation"} <= set(MODULES)
    assert {"latbench.runtimes.fake", "latbench.runtimes.onnxruntime"} <= set(RUNTIMES)
    assert {"latbench.runtimes.ort", "latbench.runtimes.trt", SHARED} <= set(ROOMS)


def test_a_runtime_stands_where_it_is_looked_for():
    hidden = [runtime for runtime in RUNTIMES if within(runtime, *ROOMS)]
    assert not hidden, "runtimes are found in their folder alone, not in the rooms beside them"
