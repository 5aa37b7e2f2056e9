"""The runtimes' own options of a run: what `--set RUNTIME.KNOB=VALUE` says, and whether it has an effect."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from latbench import runtimes
from latbench.errors import BadInput
from latbench.runtimes.base import SessionOptions, Value
from latbench.runtimes.shared.knobs import from_text, read

if TYPE_CHECKING:
    from latbench.records import CellPlan

Knobs = Mapping[str, Mapping[str, Value]]
"""The values set, by runtime and by the option's name."""

OPTION = "--set"


def knobs_of(words: Iterable[str]) -> dict[str, dict[str, Value]]:
    """Return what `words` such as "tensorrt.builder_level=5" set; BadInput lists what can be set."""
    found: dict[str, dict[str, Value]] = {}
    for word in words:
        path, sign, value = word.partition("=")
        name, dot, knob = (part.strip() for part in path.partition("."))
        if not (sign and dot and name and knob):
            raise BadInput(f"{OPTION} {word} sets nothing; write RUNTIME.KNOB=VALUE with one of: {_all()}.")
        of_runtime = found.setdefault(name, {})
        if knob in of_runtime:
            raise BadInput(f"{OPTION} sets {name}.{knob} twice; keep one.")
        of_runtime[knob] = one_of_runtime(f"{OPTION} ", name, knob, value)
    return found


def one_of_runtime(before: str, name: str, knob: str, text: str) -> Value:
    """Return the value that `text` writes for option `knob` of the runtime `name`.

    BadInput tells what runtimes or options there are, or what is allowed; its sentence begins with `before`.
    """
    try:
        runtime = runtimes.get(name)
    except BadInput as error:
        raise BadInput(f"{before}{name}.{knob}: {error}") from None
    try:
        return read(runtime, knob, text)
    except BadInput as error:
        raise BadInput(f"{before}{error}") from None


def check_knobs(knobs: Knobs, names: Iterable[str], device: str) -> None:
    """Return None when each of `knobs` has an effect in a run of the runtimes `names` on `device`.

    BadInput names the first that has none.
    """
    measured = tuple(names)
    for name, values in knobs.items():
        known = runtimes.get(name).knobs
        for knob in values:
            devices = known[knob].devices
            if name not in measured:
                raise BadInput(
                    f"{OPTION} {name}.{knob} changes nothing: {name} is not measured; add --runtime {name}, "
                    "or leave it out."
                )
            if devices is not None and device not in devices:
                there = " or ".join(f"--device {one}" for one in sorted(devices))
                raise BadInput(
                    f"{OPTION} {name}.{knob} changes nothing on --device {device}; it is for {there}."
                )


def session_options(cell: "CellPlan") -> SessionOptions:
    """Return what is asked of the runtime of `cell`, its own options included.

    BadInput when the runtime has no longer an option that the cell was planned with.
    """
    knobs = {} if cell.knobs is None else from_text(runtimes.get(cell.runtime), cell.knobs)
    return SessionOptions(cell.device, cell.threads, cell.precision, cell.spinning, knobs)


def _all() -> str:
    found = [f"{name}.{knob}" for name, one in runtimes.offered().items() for knob in sorted(one.knobs)]
    return ", ".join(found) or "none (no runtime here has options of its own)"
