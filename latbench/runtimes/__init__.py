"""The runtimes: one file each in this folder, found by walking it."""

import difflib

from exporters.discovery import discover
from latbench.errors import BadInput
from latbench.runtimes.base import Runtime


def runtimes() -> dict[str, Runtime]:
    """Return every runtime by name; whether one can run here is asked of its `check`."""
    return discover(__name__, "RUNTIME", lambda runtime: runtime.name)


def get(name: str) -> Runtime:
    """Return the runtime called `name`; BadInput suggests near names when there is none."""
    known = runtimes()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    real = ", ".join(one for one in known if one != "fake")
    mend = f"did you mean {near[0]!r}?" if near else f"the runtimes are {real}."
    raise BadInput(f"There is no runtime called {name!r}; {mend}")
