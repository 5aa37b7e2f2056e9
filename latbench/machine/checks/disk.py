"""The folder that results go to."""

import os
import shutil

from latbench.machine.checks.base import Check, Context, Finding

_GIB = 1 << 30
_SCARCE, _LITTLE = 1 * _GIB, 5 * _GIB


def _space(context: Context) -> Finding:
    results = context.results.absolute()
    folder = next(place for place in (results, *results.parents) if place.is_dir())
    if not os.access(folder, os.W_OK):
        return Finding(
            "problem", f"{folder} is not writable", "no result can be kept", "--output DIR elsewhere"
        )
    free = shutil.disk_usage(folder).free
    value = f"{free / _GIB:.1f} GiB free for {results}"
    if free >= _LITTLE:
        return Finding("ok", value)
    status = "problem" if free < _SCARCE else "warning"
    effect = (
        "artifacts take tens to hundreds of MB a model; a full disk ends a run (finished launches are kept)"
    )
    return Finding(status, value, effect, "free some space, or --output DIR on another disk")


CHECK = Check("disk", "disk space", _space)
