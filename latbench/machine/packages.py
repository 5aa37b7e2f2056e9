"""Installed packages, found without importing them."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec


@dataclass(frozen=True)
class Packages:
    """How installed packages are looked up; tests put their own two functions here.

    `version` returns a distribution's version (None when it is not installed), `importable` tells whether a
    top-level module would be found.
    """

    version: Callable[[str], str | None]
    importable: Callable[[str], bool]

    def versions(self, distributions: Iterable[str]) -> dict[str, str]:
        """Return the versions of those of `distributions` that are installed."""
        told = ((name, self.version(name)) for name in distributions)
        return {name: version for name, version in told if version is not None}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution) or None
    except (metadata.PackageNotFoundError, KeyError, TypeError):
        return None


def _importable(module: str) -> bool:
    if module in sys.modules:
        return True
    return find_spec(module) is not None


INSTALLED = Packages(_version, _importable)
"""The packages of the running Python."""
