"""Environment variables that change how fast a network runs."""

from latbench.machine.checks.base import Check, Context, Finding
from latbench.machine.environment import speed_variables


def _variables(context: Context) -> Finding:
    found = speed_variables(context.environ)
    if not found:
        return Finding("ok", "none set")
    return Finding(
        "warning",
        ", ".join(f"{name}={value}" for name, value in found.items()),
        "thread libraries, kernels or allocators read them: fewer threads than asked, or waiting otherwise",
        f"unset {' '.join(found)}, unless deployment sets them too",
    )


CHECK = Check("environment", "environment variables", _variables)
