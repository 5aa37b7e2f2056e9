"""Folders as registries: every module of a package is imported in sorted order and offers its entries."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import TypeVar

Entry = TypeVar("Entry")


def discover(package: str, attribute: str, key: Callable[[Entry], str]) -> dict[str, Entry]:
    """Return the entries that the modules of `package` offer, by key, in sorted module order.

    A module offers entries by defining `attribute`, one entry or a tuple of them; a module without it is a
    helper and is passed over. An import error is not swallowed. A key offered twice raises ValueError naming
    both modules.
    """
    found: dict[str, Entry] = {}
    origin: dict[str, str] = {}
    root = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{package}.{info.name}")
        offered = getattr(module, attribute, ())
        entries: Iterable[Entry] = offered if isinstance(offered, tuple) else (offered,)
        for entry in entries:
            name = key(entry)
            if name in found:
                raise ValueError(f"{package}: {name!r} is defined by both {origin[name]} and {info.name}")
            found[name], origin[name] = entry, info.name
    return found
