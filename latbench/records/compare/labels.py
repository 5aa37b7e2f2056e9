"""Short names of cells, as far as they must be told apart, in the form that `latbench compare` reads."""

from collections.abc import Iterable, Sequence

from latbench.records.compare.likeness import IDENTITY
from latbench.records.row import Row

CELL = ("model", "runtime")
"""What every name tells; tables that hold both are told apart by what else differs."""

_BARE = frozenset({"runtime", "precision"})


class Labels:
    """Names rows: "model@runtime", and of the rest what differs among `among`: ",threads=2".

    `within` are columns: only rows that agree in them need to be told apart.
    """

    def __init__(self, among: Iterable[Row], within: Sequence[str] = ()) -> None:
        groups: dict[tuple[object, ...], list[Row]] = {}
        for row in among:
            groups.setdefault(tuple(row.get(name) for name in within), []).append(row)
        self._varying = [
            name
            for name, column in IDENTITY.items()
            if name not in CELL
            and any(len({row.get(column) for row in group}) > 1 for group in groups.values())
        ]

    def __call__(self, row: Row) -> str:
        """Return the name of `row`."""
        told = ((name, row.get(IDENTITY[name])) for name in self._varying)
        settings = [_setting(name, value) for name, value in told if value is not None]
        return f"{row['model']}@{','.join([str(row['runtime']), *settings])}"


def _setting(name: str, value: object) -> str:
    if name == "lowering":
        return str(value).replace(";", ",")
    if name == "options":
        return ",".join(f"set:{one}" for one in str(value).split(";"))
    if isinstance(value, bool):
        value = "on" if value else "off"
    return str(value) if name in _BARE else f"{name}={value}"
