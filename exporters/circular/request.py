"""What is asked for circular correlations, who decides, and what an artifact states of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporters.errors import InputError
from exporters.lowerings.name import AUTO, Chooser, parse

if TYPE_CHECKING:
    from exporters.circular.lower import Lowered
    from exporters.lowerings.table import Table


@dataclass(frozen=True)
class Request:
    """The lowering asked for by name, for which target and how many threads.

    `path` is the file of measurements that `auto` prefers to the package's own; `machine` the processor
    here. InputError when there is no such lowering, or no thread.
    """

    asked: str
    target: str
    threads: int
    path: Path | None = None
    machine: str | None = None

    def __post_init__(self) -> None:
        if self.asked != AUTO:
            parse(self.asked)
        if self.threads < 1:
            raise InputError(f"{self.threads} threads cannot run anything; give --threads 1 or more.")

    @cached_property
    def table(self) -> "Table":
        """The measurements to choose by."""
        from exporters.lowerings.table import chosen

        return chosen(self.path)

    def chooser(self) -> Chooser:
        """Return what decides for each operator."""
        from exporters.lowerings.choice import chooser

        return chooser(self.asked, self.target, self.threads, self.table, self.machine)

    def stated(self, lowered: "Sequence[Lowered]") -> dict[str, Any]:
        """Return what the manifest states: `lowering`, and where a table decided, `threads` and `table`.

        Both are None where the graph does not depend on them: with no circular correlation, or not `auto`.
        """
        decided = self.asked == AUTO and bool(lowered)
        return {
            "lowering": self.asked,
            "threads": self.threads if decided else None,
            "table": {"origin": self.table.origin, "sha256": self.table.sha256} if decided else None,
        }

    def noted(self, lowered: "Sequence[Lowered]") -> dict[str, str]:
        """Return what the ONNX file notes of itself, nothing without a circular correlation."""
        if not lowered:
            return {}
        stated = self.stated(lowered)
        table = stated["table"]
        auto = {} if table is None else {"threads": str(self.threads), "table": table["sha256"]}
        return {"lowering": self.asked, "used": ",".join(site.used for site in lowered), **auto}
