"""The runtimes: one file each in this folder, found by walking it."""

import difflib

from exporters.discovery import discover
from latbench.errors import BadInput
from latbench.runtimes.base import Runtime

_STAND_IN = "fake"


def runtimes() -> dict[str, Runtime]:
    """Return every runtime by name; whether one can run here is asked of its `check`."""
    return discover(__name__, "RUNTIME", lambda runtime: runtime.name)


def offered() -> dict[str, Runtime]:
    """Return the runtimes that measure models, by name: all but the stand-in that tests load."""
    return {name: one for name, one in runtimes().items() if name != _STAND_IN}


def get(name: str) -> Runtime:
    """Return the runtime called `name`; BadInput suggests near names when there is none."""
    known = runtimes()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]!r}?" if near else f"the runtimes are {', '.join(offered())}."
    raise BadInput(f"There is no runtime called {name!r}; {mend}")
