"""A module as runtimes want it: positional tensors in, a tuple of tensors out, whatever it takes and returns.

A dictionary of example inputs becomes keyword arguments; dictionaries, named tuples, dataclasses and what
lies in them become named outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from latbench.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

OUTPUT = "output"


def adapted(
    module: "nn.Module", keywords: Sequence[str] | None = None, *, frozen: bool = False
) -> "nn.Module":
    """Return a module whose forward takes tensors in order and returns a tuple of them.

    `keywords` are the names by which `module` takes them, None where it takes them in order. `frozen` says
    that `module` cannot change its mode, as a saved program cannot.
    """
    return _adapter()(module, None if keywords is None else tuple(keywords), frozen)


def needed(outputs: Any) -> bool:
    """Tell whether `outputs` of a module are more than a tensor, or a list or tuple of tensors."""
    import torch

    several = outputs if type(outputs) in (tuple, list) else (outputs,)
    return not several or not all(isinstance(one, torch.Tensor) for one in several)


def named(outputs: Any, what: str) -> "dict[str, Tensor]":
    """Return every tensor in `outputs` by a name made of the keys and places that lead to it.

    None is left out. BadInput when something else than tensors is in it, or nothing at all.
    """
    import torch

    found: dict[str, Tensor] = {}
    for path, value in _leaves(outputs, ()):
        if not isinstance(value, torch.Tensor):
            raise BadInput(
                f"{what} returns a {type(value).__name__} as {'.'.join(path) or OUTPUT}; only tensors can be "
                "compared, return these alone."
            )
        found[_unique("_".join(path) or OUTPUT, found)] = value
    if not found:
        raise BadInput(f"{what} returns no tensor, so that nothing can be compared.")
    return found


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    import torch

    if value is None:
        return
    if isinstance(value, torch.Tensor):
        yield path, value
        return
    for key, inner in _parts(value, path):
        if inner is value:
            yield path, value
        else:
            yield from _leaves(inner, (*path, key))


def _parts(value: Any, path: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Return what is directly inside of `value`, by key; `value` itself where there is nothing inside."""
    import torch

    if isinstance(value, Mapping):
        return [(str(key), inner) for key, inner in value.items()]
    if is_dataclass(value):
        return [(one.name, getattr(value, one.name)) for one in fields(value)]
    if hasattr(value, "_fields"):
        return [(name, getattr(value, name)) for name in value._fields]
    if isinstance(value, tuple | list):
        first = () if path else (OUTPUT,)
        return [("_".join((*first, str(at))) if at or path else OUTPUT, one) for at, one in enumerate(value)]
    leaves, _ = torch.utils._pytree.tree_flatten(value)
    return [(str(at), leaf) for at, leaf in enumerate(leaves)]


@cache
def _adapter() -> Any:
    import torch

    class Adapter(torch.nn.Module):
        """Somebody's module behind positional tensors."""

        def __init__(self, inner: "nn.Module", keywords: tuple[str, ...] | None, frozen: bool) -> None:
            super().__init__()
            self.inner, self.keywords, self.frozen = inner, keywords, frozen

        def forward(self, *tensors: "Tensor") -> "tuple[Tensor, ...]":
            """Return the tensors that the module returns, in order."""
            if self.keywords is None:
                found = self.inner(*tensors)
            else:
                found = self.inner(**dict(zip(self.keywords, tensors, strict=True)))
            return tuple(named(found, type(self.inner).__name__).values())

        def train(self, mode: bool = True) -> "Adapter":
            """Change the mode, of a module that can."""
            return self if self.frozen else super().train(mode)

    return Adapter
