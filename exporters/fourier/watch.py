"""Whether a module meets complex values on its way, found out while it runs."""

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def complex_values() -> Iterator[list[str]]:
    """Give a list that will hold the name of each operator that returns a complex tensor in this block.

    What runs computes the same numbers as without.
    """
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    seen: list[str] = []

    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
        supports_higher_order_operators = True  # torch.cond and its like

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            if any(getattr(one, "is_complex", bool)() for one in tree_leaves(made)):
                seen.append(str(getattr(func, "overloadpacket", func)))
            return made

    watch: Any = Watch
    with watch():
        yield seen
