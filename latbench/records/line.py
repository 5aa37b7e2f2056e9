"""One record as one line of records.jsonl, and back."""

import json
import math
from collections.abc import Mapping
from typing import Any

from latbench.records.record import KINDS, SCHEMA, Record


class NewerSchema(Exception):
    """The line was written by a later latbench; `schema` is its number."""

    def __init__(self, schema: int) -> None:
        super().__init__(schema)
        self.schema = schema


def encode(record: Record) -> bytes:
    """Return `record` as one line of strict ASCII JSON with its line end.

    Characters outside ASCII are escaped, so that even the undecodable bytes of a command line survive. A
    float that JSON cannot hold becomes the text "inf", "-inf" or "nan"; numpy scalars become numbers, other
    objects their text.
    """
    kind = next(kind for kind, cls in KINDS.items() if isinstance(record, cls))
    return dumps({"schema": SCHEMA, "kind": kind, **record.to_json()}).encode("ascii") + b"\n"


def decode(line: bytes) -> Record:
    """Return the record that `encode` wrote; ValueError saying what is wrong, or NewerSchema."""
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    schema = values.get("schema") if isinstance(values, dict) else None
    if type(schema) is not int or schema < 1:
        raise ValueError("no schema number")
    if schema > SCHEMA:
        raise NewerSchema(schema)
    kind = str(values.get("kind"))
    if kind not in KINDS:
        raise ValueError(f"its kind {kind!r} is none of {', '.join(KINDS)}")
    try:
        return KINDS[kind].from_json(values)
    except KeyError as error:
        raise ValueError(f"the {kind} record lacks the field {error}") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"the {kind} record is malformed: {error}") from None


def dumps(value: Any, indent: int | None = None) -> str:
    """Return `value` as strict JSON (no NaN, no Infinity), compact unless `indent` is given."""
    separators = (",", ":") if indent is None else None
    return json.dumps(_plain(value), indent=indent, separators=separators, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
    return _plain(value.item()) if hasattr(value, "item") else str(value)
