"""Engines kept beside their artifact, each for exactly what it was built of, by and for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters import wholefile
from latbench.runtimes.shared.derived import name


@dataclass(frozen=True)
class Kept:
    """A serialised engine and what was written down when it was built (JSON values)."""

    plan: bytes
    told: Mapping[str, Any]


def read(folder: Path, key: Mapping[str, Any]) -> Kept | str | None:
    """Return the engine kept for `key`, None where there is none, or a phrase on why the one there is no use.

    Each part of the key stands in its JSON and is compared; so is the hash of the engine.
    """
    stem = name(key)
    try:
        told = json.loads((folder / f"{stem}.json").read_text(encoding="utf-8"))
        plan = (folder / f"{stem}.engine").read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"the engine kept cannot be read ({error})"
    if not isinstance(told, dict) or told.get("key") != dict(key):
        return "the engine kept was made for something else"
    if told.get("sha256") != hashlib.sha256(plan).hexdigest():
        return "the engine kept is damaged"
    return Kept(plan, told)


def write(folder: Path, key: Mapping[str, Any], kept: Kept) -> str | None:
    """Keep an engine and its JSON, both or none; return why it could not be kept, None when it was."""
    stem = name(key)
    told = {**kept.told, "key": dict(key), "sha256": hashlib.sha256(kept.plan).hexdigest()}
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wholefile.write_together(
            {folder / f"{stem}.engine": kept.plan, folder / f"{stem}.json": text.encode()}
        )
    except OSError as error:
        return f"the engine could not be kept ({error})"
    return None
