"""Shared libraries, found as the loader and the NVIDIA wheels place them, without loading any."""

import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

from latbench.machine.files import Tree

_USUAL = (
    *("usr/local/lib", "usr/local/cuda/lib64", "usr/local/cuda/targets/x86_64-linux/lib"),
    *("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu/nvidia"),
    *("usr/lib64", "usr/lib", "usr/lib/wsl/lib", "lib/x86_64-linux-gnu", "lib64", "lib"),
)
_WHEELS = ("nvidia/*/lib", "tensorrt_libs", "tensorrt_cu1*_libs")
"""Where wheels put their libraries, below the folder of installed packages."""


class Libraries:
    """The folders in which libraries may stand: the environment's, those of wheels, the system's."""

    def __init__(self, tree: Tree, environ: Mapping[str, str], site: Path | None = None) -> None:
        self._folders = tuple(dict.fromkeys(_folders(tree, environ, site)))
        self._files = {folder: _names(folder) for folder in self._folders}

    def find(self, stem: str, majors: tuple[int, ...]) -> dict[str, Path]:
        """Return the folder of each library found, by its name, as "libcudart.so.12" for a stem and major.

        The first folder counts, in the order in which the loader would look.
        """
        found = {}
        for name in (f"{stem}.so.{major}" for major in majors):
            holding = (one for one in self._folders if name in self._files[one])
            folder = next(holding, None)
            if folder is not None:
                found[name] = folder
        return found


def _folders(tree: Tree, environ: Mapping[str, str], site: Path | None) -> Iterator[Path]:
    yield from (Path(one) for one in environ.get("LD_LIBRARY_PATH", "").split(":") if one)
    wheels = site or (Path(sysconfig.get_path("purelib")) if tree.real else None)
    for pattern in _WHEELS if wheels is not None else ():
        yield from sorted((wheels or Path()).glob(pattern))
    for name in tree.names("etc/ld.so.conf.d"):
        lines = (tree.text(f"etc/ld.so.conf.d/{name}") or "").splitlines()
        yield from (tree.root / line.strip().lstrip("/") for line in lines if line.strip().startswith("/"))
    yield from (tree.root / folder for folder in _USUAL)


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except (OSError, ValueError):
        return frozenset()
