"""The options of a runtime's own as text: "builder_level=5;cuda_graph=off", as cells are recorded with."""

from collections.abc import Mapping

from latbench.errors import BadInput
from latbench.runtimes.base import Runtime, Value


def to_text(knobs: Mapping[str, Value]) -> str | None:
    """Return the values set as "name=value;name=value" in the order of their names, None without any."""
    return ";".join(f"{name}={_word(value)}" for name, value in sorted(knobs.items())) or None


def from_text(runtime: Runtime, text: str | None) -> dict[str, Value]:
    """Return the values that `to_text` wrote; BadInput for what `runtime` does not have, or allow."""
    found: dict[str, Value] = {}
    for part in text.split(";") if text else ():
        name, _, value = part.partition("=")
        found[name] = read(runtime, name, value)
    return found


def read(runtime: Runtime, name: str, text: str) -> Value:
    """Return the value that `text` writes for the option `name`; BadInput tells what there is, or is allowed.

    The sentence begins with "RUNTIME.NAME"; whoever knows the option on the command line puts it before.
    """
    known = runtime.knobs
    if name not in known:
        there = "; ".join(f"{one} ({knob.about}: {knob.allowed})" for one, knob in sorted(known.items()))
        told = f"it has {there}" if there else "it has none"
        raise BadInput(f"{runtime.name}.{name}: {runtime.name} has no option {name!r}; {told}.")
    try:
        return known[name].read(text)
    except ValueError as error:
        raise BadInput(f"{runtime.name}.{name}={text}: give {error}.") from None


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return repr(value) if isinstance(value, float) else str(value)
