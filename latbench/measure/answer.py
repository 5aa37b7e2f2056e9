"""What a measuring process left in its result file, read without trusting a byte of it."""

import json
import math
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from latbench.measure.launch import LaunchRequest, LaunchResult

LEAST_MOST_BYTES, BYTES_PER_ITERATION = 1 << 24, 256
"""A result file may hold this much, and this much more per iteration asked for; a larger one is not read."""

REASON_LENGTH = 600
_PARITY = frozenset({"max_abs", "max_rel", "cosine"})
_FACTS: Mapping[str, tuple[type, ...]] = {
    "provider": (str,),
    "device": (str,),
    "precision": (str,),
    "threads": (int,),
    "spinning": (bool,),
    "version": (str,),
    "boundary": (str,),
    "extra": (dict,),
}
_COUNTS = ("load_ns", "compile_ns", "first_inference_ns", "peak_rss_bytes", "wall_ns")


class Unusable(ValueError):
    """There is a result file, but what it holds is not the result of the launch; the text says why."""


def read(path: Path, request: LaunchRequest) -> LaunchResult | None:
    """Return the result of `request` in the file `path`, None where there is no file.

    Unusable for a file too large to be one, for anything but strict JSON, for a field of another type, for an
    ok result without exactly the iterations asked for, each above 0 ns. The reason of a result that is not ok
    becomes one printable line.
    """
    fields = contents(path, request.iterations + request.warmup)
    if fields is None:
        return None
    result = checked(fields)
    if result.status == "ok" and len(result.samples_ns) != request.iterations:
        raise Unusable(f"it brought {len(result.samples_ns)} samples, not the {request.iterations} asked for")
    return result


def contents(path: Path, iterations: int) -> dict[str, Any] | None:
    """Return what the file `path` holds after at most so many `iterations`, None where there is no file.

    Unusable for a file too large to be a result, and for anything but a table of strict JSON.
    """
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):
            raise Unusable("its result is no plain file")
        most = LEAST_MOST_BYTES + BYTES_PER_ITERATION * max(0, iterations)
        if told.st_size > most:
            raise Unusable(f"its result has {told.st_size} bytes, more than any launch leaves ({most})")
        data = path.read_bytes()
    except OSError:
        return None
    fields = _parsed(data)
    if not isinstance(fields, dict):
        raise Unusable(f"its result is of type {type(fields).__name__}, not a table of fields")
    return fields


def line(text: str, most: int = REASON_LENGTH) -> str:
    """Return `text` as one line of printable characters, cut to the last word of its first `most`."""
    return " ".join("".join(filter(str.isprintable, word)) for word in text.split())[:most]


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise Unusable("its result is nested too deeply") from None
    except ValueError as error:
        raise Unusable(f"its result is not JSON: {line(str(error), 200)}") from None


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a figure")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text)


def checked(fields: dict[str, Any]) -> LaunchResult:
    """Return the result that `fields` are, each of its type; Unusable says which is not.

    The samples of an ok result are each above 0 ns, however many, and so are the device latencies, which are
    none or one per sample; its reason becomes one printable line.
    """
    for name in ("samples_ns", "warmup_ns"):
        _durations(name, fields.get(name))
    _durations("device_ns", fields.get("device_ns", []))
    for name in _COUNTS:
        _typed(name, fields.get(name), (int,))
    for name in ("facts", "witnesses"):
        if not isinstance(fields.get(name), dict):
            raise Unusable(f"its {name} are no table of fields")
    for name, types in _FACTS.items():
        _typed(f"facts.{name}", fields["facts"].get(name), types)
    try:
        result = LaunchResult.from_json(fields)
    except (ValueError, OverflowError) as error:
        raise Unusable(f"its result is malformed: {line(str(error), 200)}") from None
    return _complete(result)


def _durations(name: str, values: Any) -> None:
    if not isinstance(values, list):
        raise Unusable(f"its {name} are no list")
    for at, value in enumerate(values, 1):
        if type(value) is not int:
            raise Unusable(f"its {name} are not all whole numbers: number {at} is {line(repr(value), 40)}")


def _typed(name: str, value: Any, types: tuple[type, ...]) -> None:
    if value is not None and type(value) not in types:
        raise Unusable(f"its {name} is {line(repr(value), 40)}, not of type {types[0].__name__}")


def _above_zero(what: str, durations: Sequence[int]) -> None:
    for at, duration in enumerate(durations, 1):
        if not 0 < duration < 2**63:
            raise Unusable(f"{what} {at} of {len(durations)} lasts {line(str(duration), 40)} ns")


def _complete(result: LaunchResult) -> LaunchResult:
    if result.reason is not None and not isinstance(result.reason, str):
        raise Unusable(f"its reason is of type {type(result.reason).__name__}, not text")
    if result.status != "ok":
        return replace(result, reason=line(result.reason or "") or None)
    _above_zero("sample", result.samples_ns)
    _above_zero("device latency", result.device_ns)
    if result.device_ns and len(result.device_ns) != len(result.samples_ns):
        counts = f"{len(result.device_ns)} device latencies for {len(result.samples_ns)} samples"
        raise Unusable(f"it brought {counts}")
    if result.parity is not None and set(result.parity) != _PARITY:
        raise Unusable(f"its parity tells {', '.join(map(repr, result.parity)) or 'nothing'}")
    return replace(result, reason=None if result.reason is None else line(result.reason))
