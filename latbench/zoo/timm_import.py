"""timm, the optional source of models: whether it is here, and its import beside a CPU build of PyTorch."""

import importlib
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latbench.errors import EnvironmentFault

HOW = "pip install 'latbench[timm]'"
NEEDED = ("timm", "torchvision", "torch")
_ABSENT = re.compile(r"operator torchvision::\w+ does not exist")
_REGISTERED = re.compile(r"^@register_model\b.*\n(?:@.*\n)*def (\w+)", re.MULTILINE)
_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def missing() -> str | None:
    """Return what timm's models lack here, as "timm cannot be found: <how to get it>"; None without a lack.

    Nothing is imported for it.
    """
    lacking = [name for name in NEEDED if find_spec(name) is None]
    return f"{' and '.join(lacking)} cannot be found: {HOW}" if lacking else None


def installed() -> str | None:
    """Return the version of timm that is installed, None without one."""
    try:
        return version("timm")
    except PackageNotFoundError:
        return None


def names() -> frozenset[str]:
    """Return the models that the installed timm defines, read from its source; none without timm."""
    found = find_spec("timm")
    if found is None or found.origin is None:
        return frozenset()
    sources = (Path(found.origin).parent / "models").glob("*.py")
    return frozenset(name for source in sources for name in _REGISTERED.findall(source.read_text("utf-8")))


def how_many() -> int | None:
    """Return how many models the installed timm defines; None without timm."""
    return len(names()) or None


@cache
def imported() -> Any:
    """Return the module `timm`. EnvironmentFault says what is missing, or why it cannot be imported.

    timm imports torchvision, whose compiled operators load only beside the very build of PyTorch that they
    were made for; without them torchvision stops at describing two operators that then do not exist. Here
    those two are declared to PyTorch, without any kernel, and the import is begun again: timm's networks use
    neither, and torchvision says so itself to whoever calls them. Nothing of either package is replaced, and
    nothing is declared where torchvision is whole, or left declared when the import fails all the same.
    """
    if lack := missing():
        raise EnvironmentFault(f"timm cannot be imported, for {lack}.")
    before = set(sys.modules)
    try:
        try:
            return importlib.import_module("timm")
        except RuntimeError as error:
            if not _ABSENT.search(str(error)):
                raise
        _forget(before)
        return _declared()
    except Exception as error:
        _forget(before)
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(".: ")
        raise EnvironmentFault(f"timm cannot be imported: {why}; install it again: {HOW}.") from error


def _declared() -> Any:
    """Return the module `timm`, imported with torchvision's operators declared; they stay if it succeeds."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    try:
        for operator in _OPERATORS:
            library.define(f"{operator}{_SCHEMA}")
        timm = importlib.import_module("timm")
    except BaseException:
        library._destroy()
        raise
    _LIBRARIES.append(library)
    return timm


_LIBRARIES: list[Any] = []
"""Declarations end with the object that made them, so it is kept."""


def _forget(before: set[str]) -> None:
    """Drop what a failed import left half-imported of the two packages."""
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("timm", "torchvision"):
            del sys.modules[name]
