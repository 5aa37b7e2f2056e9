"""Where one's own table of measured lowerings lies, which `auto` chooses from before the package's."""

import os
from collections.abc import Mapping
from pathlib import Path

from exporters import wholefile
from exporters.errors import InputError
from exporters.lowerings.table import Table, chosen
from latbench.errors import BadInput
from latbench.records.lock import unwritable

VARIABLE = "LATBENCH_LOWERINGS"
NAME = Path("latbench", "lowerings.csv")


def place(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where one's own table is kept, whether there is one or not.

    That is the file that LATBENCH_LOWERINGS names, else latbench/lowerings.csv in the folder for data
    ($XDG_DATA_HOME, ~/.local/share without).
    """
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE]).expanduser()
    folder = environ.get("XDG_DATA_HOME")
    return (Path(folder) if folder else Path.home() / ".local" / "share") / NAME


def own(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return one's own table, None without one; BadInput when LATBENCH_LOWERINGS names no file."""
    path = place(environ)
    if path.is_file():
        return path
    if environ.get(VARIABLE):
        raise BadInput(
            f"{VARIABLE} names {path}, which is no file; make one with latbench tune, or unset {VARIABLE}."
        )
    return None


def in_use(environ: Mapping[str, str] = os.environ) -> Table:
    """Return the table that `auto` chooses from; BadInput when one's own cannot be used."""
    try:
        return chosen(own(environ))
    except InputError as error:
        raise BadInput(str(error)) from None


def write(table: Table, path: Path) -> None:
    """Write `table` to `path`, whole or not at all; EnvironmentFault when that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        wholefile.write(path, table.text().encode())
    except OSError as error:
        raise unwritable(path, error) from error
