"""The papers' tables: their figures as printed (a JSON file each in `tables/`), and ours beside them."""

import json
import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from latbench.errors import BadInput
from latbench.papers.beside import Beside, beside
from latbench.papers.table import PaperTable, parsed

__all__ = ["Beside", "PaperTable", "beside", "table", "tables"]


@cache
def tables() -> dict[str, PaperTable]:
    """Return every table by name, in the order of the names (table4 before table10)."""
    folder = files(__name__) / "tables"
    read = [
        parsed(json.loads(file.read_text("utf-8")))
        for file in folder.iterdir()
        if file.name.endswith(".json")
    ]
    return {one.name: one for one in sorted(read, key=lambda one: _natural(one.name))}


def _natural(name: str) -> list[tuple[str, int]]:
    """Return what sorts names by the numbers in them."""
    return [(rest, int(part or 0)) for rest, part in re.findall(r"(\D+)(\d*)", name)]


def table(name: str) -> PaperTable:
    """Return the table called `name`; BadInput lists them all when there is none."""
    known = tables()
    if name not in known:
        near = get_close_matches(name.lower().replace("_", "-"), known, n=2, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}? There are" if near else "there are"
        raise BadInput(f"There is no table {name!r}; {hint}: {', '.join(known)}.")
    return known[name]
