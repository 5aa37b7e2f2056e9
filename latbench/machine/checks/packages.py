"""Installed runtimes and tools, looked up without importing any of them."""

from functools import partial

from latbench.machine.checks.base import Check, Context, Finding

_ONNXRUNTIMES = (
    "onnxruntime",
    *(
        f"onnxruntime-{build}"
        for build in ("gpu", "openvino", "directml", "training", "silicon", "qnn", "rocm")
    ),
)
"""Distributions that all install the one module `onnxruntime`."""

Modules = dict[str, tuple[str, ...]]


def _installed(modules: Modules, extra: str, without: str, context: Context) -> Finding:
    """Return the versions of `modules` (each with the distributions that may hold it), or what is missing."""
    mend = f'pip install "latbench[{extra}]"'
    told: list[str] = []
    missing: list[str] = []
    broken: list[str] = []
    for module, distributions in modules.items():
        versions = context.packages.versions(distributions)
        importable = context.packages.importable(module)
        if importable:
            told += [f"{name} {version}" for name, version in versions.items()] or [
                f"{module} (version untold)"
            ]
        else:
            (broken if versions else missing).append(module)
    if broken:
        value = f"{', '.join(broken)}: listed as installed, but there is no such module"
        return Finding("problem", value, without, f"{mend} --force-reinstall")
    if missing:
        value = ", ".join((*told, *(f"{module} not installed" for module in missing)))
        return Finding("warning", value, without, mend)
    return Finding("ok", ", ".join(told))


def _one_onnxruntime(context: Context) -> Finding:
    found = context.packages.versions(_ONNXRUNTIMES)
    value = ", ".join(f"{name} {version}" for name, version in found.items()) or "none installed"
    if len(found) < 2:
        return Finding("ok", value)
    kept = next((name for name in found if name != "onnxruntime"), "onnxruntime")
    return Finding(
        "problem",
        value,
        "they overwrite one another's files: the provider list is that of the last one installed",
        f"pip uninstall -y {' '.join(found)} && pip install {kept}",
    )


def _check(key: str, title: str, modules: Modules, extra: str, without: str) -> Check:
    return Check(key, title, partial(_installed, modules, extra, without))


CHECK = (
    _check(
        "onnxruntime",
        "ONNX Runtime",
        {"onnxruntime": _ONNXRUNTIMES},
        "onnxruntime",
        "rows for onnxruntime are skipped",
    ),
    _check("openvino", "OpenVINO", {"openvino": ("openvino",)}, "openvino", "rows for openvino are skipped"),
    _check(
        "pytorch", "PyTorch", {"torch": ("torch",)}, "torch", "rows for pytorch are skipped; no zoo model"
    ),
    _check(
        "export",
        "export tools",
        {name: (name,) for name in ("onnx", "onnxscript", "onnxsim")},
        "export",
        "models cannot be exported; ONNX files of your own can still be timed",
    ),
    _check("tables", "pandas", {"pandas": ("pandas",)}, "tables", "results cannot be read as data frames"),
    Check("one_onnxruntime", "ONNX Runtime builds", _one_onnxruntime),
)
