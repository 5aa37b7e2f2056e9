"""The heavy work of a run, in its own process: `python -m latbench.pipeline.worker REQUEST ANSWER`."""

import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from exporters.errors import ExportError, InputError
from latbench.errors import BadInput, EnvironmentFault
from latbench.measure.group import die_with_parent

Task = Callable[..., dict[str, Any]]


def _of(module: str, name: str) -> Task:
    """Return the function `name` of a module of this room, which is imported when it is called."""

    def task(**arguments: Any) -> dict[str, Any]:
        return getattr(import_module(f"latbench.pipeline.{module}"), name)(**arguments)

    return task


TASKS: Mapping[str, Task] = {
    "anew": _of("prepare", "anew"),
    "eager": _of("prepare", "eager"),
    "empty": _of("lowered", "empty"),
    "exported": _of("prepare", "exported"),
    "gpu": _of("gpu", "told"),
    "loaded": _of("loaded", "loaded"),
    "lowered": _of("lowered", "lowered"),
    "reference": _of("prepare", "reference"),
    "roofline": _of("roofline", "roofline"),
    "subjects": _of("lowered", "subjects"),
    "survey": _of("survey", "survey"),
    "timm": _of("timm", "facts"),
}
"""What can be asked for; each takes and returns plain JSON values, and no other's imports are waited for."""

FAULTS: Mapping[str, type[Exception]] = {
    error.__name__: error for error in (BadInput, EnvironmentFault, ExportError, InputError)
}
"""The errors that reach the parent as themselves."""


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"value": ...}, or {"error": class name, "message": sentence} for one of `FAULTS`."""
    try:
        return {"value": TASKS[request["task"]](**request["arguments"])}
    except tuple(FAULTS.values()) as error:
        kind = next(name for name, fault in FAULTS.items() if isinstance(error, fault))
        return {"error": kind, "message": str(error)}


def main(request_path: str, answer_path: str) -> None:
    """Read the request, do the task, write the answer."""
    die_with_parent()
    found = answer(json.loads(Path(request_path).read_text()))
    Path(answer_path).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
