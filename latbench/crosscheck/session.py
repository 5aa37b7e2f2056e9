"""A session: in each block, in random order, a launch of ours, one of each tool, one that compares calls."""

import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exporters.artifact import sha256_of
from latbench import runtimes
from latbench.crosscheck import external
from latbench.crosscheck.base import Said, Tool, Unreadable, Work
from latbench.errors import EnvironmentFault
from latbench.measure.launch import LaunchRequest, LaunchResult
from latbench.measure.spawn import launch as spawn
from latbench.pipeline.gpu import Watched, watching
from latbench.pipeline.knobs import session_options
from latbench.records import CellPlan
from latbench.records.lock import unwritable
from latbench.runtimes.base import Source

OURS, PATHS = "latbench", "paths"
LAUNCHES, GPU = "launches.jsonl", "gpu.json"
_MOST_ROUNDS = 200
"""Rounds of a launch that compares calls: their differences are small but steady."""

Launcher = Callable[[LaunchRequest, float | None, random.Random], LaunchResult]
Outside = Callable[[Sequence[str], Mapping[str, str], Path, float | None, random.Random], external.Ended]


@dataclass(frozen=True)
class Pair:
    """A tool and the cell of ours that it is held against; `version` is the tool's own."""

    tool: Tool
    cell: CellPlan
    version: str | None = None


@dataclass
class Evidence:
    """What the blocks of a pair brought, in step: ours, what the tool said, readings of the ways of calling.

    Only blocks in which both ours and the tool's launch went well are kept; `failures` says what became of
    the others.
    """

    pair: Pair
    ours: list[LaunchResult] = field(default_factory=list)
    theirs: list[Said] = field(default_factory=list)
    readings: list[Mapping[str, Sequence[int]] | None] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """How a session is taken: `iterations` per launch, `timeout` in seconds per launch (None: never).

    `root` is what relative paths of cells start from, `folder` where everything is kept.
    """

    root: Path
    folder: Path
    blocks: int
    iterations: int
    warmup: int
    seed: int = 0
    timeout: float | None = None


class Session:
    """One session; `launcher` and `outside` make a launch of ours and of others (tests give their own)."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        plan: Plan,
        *,
        told: Callable[[str], None] = lambda sentence: None,
        launcher: Launcher = spawn,
        outside: Outside = external.launch,
    ) -> None:
        self._pairs, self._plan, self._told = pairs, plan, told
        self._launcher, self._outside = launcher, outside
        self._watched: dict[str, Watched] = {}
        self._held: dict[str, list[str]] = {}
        self._count = 0

    def take(self) -> tuple[Evidence, ...]:
        """Return the evidence of each pair, every launch written to the folder as it ends.

        On a GPU the card is read around each launch, theirs as well as ours; `gpu.json` names it.
        EnvironmentFault when the folder cannot be written or an artifact changed meanwhile.
        """
        try:
            self._plan.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self._plan.folder, error) from error
        found = tuple(Evidence(pair) for pair in self._pairs)
        with ExitStack() as opened:
            for device in dict.fromkeys(pair.cell.device for pair in self._pairs):
                self._watched[device] = opened.enter_context(watching(device))
                self._name(self._watched[device])
            for block in range(self._plan.blocks):
                self._block(block, found)
                self._told(f"block {block + 1} of {self._plan.blocks}")
        for arm, reasons in self._held.items():
            why = ", ".join(dict.fromkeys(reasons))
            self._told(f"The GPU was held down ({why}) around {len(reasons)} launches of {arm}.")
        self._check_artifacts()
        return found

    def _name(self, watched: Watched) -> None:
        """Keep what the card of a session on a GPU is, and tell why it is not read, where it is not."""
        if watched.facts:
            self._write(GPU, json.dumps(dict(watched.facts), indent=1) + "\n", "w")
        watched.told(self._told)

    def _block(self, block: int, found: Sequence[Evidence]) -> None:
        """Launch every arm once; one launch of ours serves all tools of the same cell."""
        cells = {evidence.pair.cell.cell_id: evidence.pair.cell for evidence in found}
        arms: list[tuple[str, str]] = [(OURS, cell_id) for cell_id in cells]
        for evidence in found:
            arms.append((evidence.pair.tool.name, evidence.pair.cell.cell_id))
            if evidence.pair.tool.causes:
                arms.append((f"{PATHS} {evidence.pair.tool.name}", evidence.pair.cell.cell_id))
        rng = random.Random(f"{self._plan.seed}:{block}")
        pairs = {evidence.pair.tool.name: evidence.pair for evidence in found}
        ours: dict[str, LaunchResult] = {}
        theirs: dict[str, Said | str] = {}
        readings: dict[str, Mapping[str, Sequence[int]] | None] = {}
        for arm, cell_id in rng.sample(arms, len(arms)):
            kind, _, rest = arm.partition(" ")
            if arm == OURS:
                ours[cell_id] = self._ours(cells[cell_id], block, rng)
            elif kind == PATHS and rest:
                readings[rest] = self._paths(pairs[rest], block, rng)
            else:
                theirs[arm] = self._theirs(pairs[arm], block, rng)
        for evidence in found:
            mine, said = ours[evidence.pair.cell.cell_id], theirs[evidence.pair.tool.name]
            if mine.status != "ok":
                evidence.failures.append(f"latbench, block {block + 1}: {mine.reason or mine.status}")
            elif isinstance(said, str):
                evidence.failures.append(f"block {block + 1}: {said}")
            else:
                evidence.ours.append(mine)
                evidence.theirs.append(said)
                evidence.readings.append(readings.get(evidence.pair.tool.name))

    def _ours(self, cell: CellPlan, block: int, rng: random.Random) -> LaunchResult:
        launcher = self._watched[cell.device].launcher(self._launcher)
        result = launcher(self._request(cell), self._plan.timeout, rng)
        self._look(OURS, result.witnesses)
        self._keep(block, OURS, cell, result.to_json())
        return result

    def _theirs(self, pair: Pair, block: int, rng: random.Random) -> Said | str:
        """Return what the tool said, or why it said nothing that can be used."""
        tool, cell = pair.tool, pair.cell
        request = self._request(cell)
        work = Work(
            request.source,
            Path(str(request.reference)),
            cell.threads,
            self._plan.iterations,
            self._plan.folder.resolve(),
        )
        command = tool.command(work)
        ended, witnesses = self._watched[cell.device].beside(
            lambda: self._launch_outside(tool.name, command, {}, rng)
        )
        told: dict[str, Any] = {"command": command, "output": self._output(tool.name).name}
        self._look(tool.name, witnesses)
        told |= {"witnesses": witnesses} if witnesses else {}
        try:
            said = tool.parse(ended.output) if ended.reason is None else None
        except Unreadable as error:
            said, ended = None, replace(ended, reason=str(error))
        self._keep(block, tool.name, cell, told | {"said": said and asdict(said), "reason": ended.reason})
        if said is None:
            return f"{tool.name}: {ended.reason}"
        return unlike(said, cell) or said

    def _look(self, arm: str, witnesses: Mapping[str, Any]) -> None:
        reasons = witnesses.get("gpu_throttle")
        if reasons not in (None, "none"):
            self._held.setdefault(arm, []).append(str(reasons))

    def _paths(self, pair: Pair, block: int, rng: random.Random) -> Mapping[str, Sequence[int]] | None:
        asked, answer = (self._plan.folder / name for name in ("paths-request.json", "paths-answer.json"))
        request = replace(
            self._request(pair.cell), iterations=min(self._plan.iterations, _MOST_ROUNDS), warmup=0
        )
        asked.write_text(json.dumps({"request": request.to_json(), "tool": pair.tool.name}))
        answer.unlink(missing_ok=True)
        command = [sys.executable, "-m", "latbench.crosscheck.paths", str(asked), str(answer)]
        added = runtimes.get(request.runtime).environment(request.options)
        ended = self._launch_outside(f"{PATHS}-{pair.tool.name}", command, added, rng)
        found = json.loads(answer.read_bytes()) if ended.reason is None and answer.exists() else None
        self._keep(block, f"{PATHS} {pair.tool.name}", pair.cell, {"readings": found, "reason": ended.reason})
        for file in (asked, answer):
            file.unlink(missing_ok=True)
        return found

    def _launch_outside(
        self, name: str, command: Sequence[str], added: Mapping[str, str], rng: random.Random
    ) -> external.Ended:
        self._count += 1
        return self._outside(command, added, self._output(name), self._plan.timeout, rng)

    def _output(self, name: str) -> Path:
        return self._plan.folder / f"{self._count:03d}-{name}.txt"

    def _request(self, cell: CellPlan) -> LaunchRequest:
        source = Source.from_json(cell.source)
        if source.path is not None:
            source = replace(source, path=str(self._resolved(source.path)))
        return LaunchRequest(
            source=source,
            runtime=cell.runtime,
            options=session_options(cell),
            iterations=self._plan.iterations,
            warmup=self._plan.warmup,
            reference=None if cell.reference is None else str(self._resolved(cell.reference)),
        )

    def _resolved(self, path: str) -> Path:
        return (self._plan.root / path).resolve()

    def _keep(self, block: int, arm: str, cell: CellPlan, told: Mapping[str, Any]) -> None:
        line = {
            "block": block,
            "arm": arm,
            "cell_id": cell.cell_id,
            "artifact_sha256": cell.artifact_sha256,
            "ended": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **told,
        }
        self._write(LAUNCHES, json.dumps(line) + "\n", "a")

    def _write(self, name: str, text: str, mode: str) -> None:
        path = self._plan.folder / name
        try:
            with path.open(mode) as file:
                file.write(text)
        except OSError as error:
            raise unwritable(path, error) from error

    def _check_artifacts(self) -> None:
        for pair in self._pairs:
            path = pair.cell.artifact_path
            if path is not None and sha256_of(self._resolved(path)) != pair.cell.artifact_sha256:
                raise EnvironmentFault(
                    f"{path} changed while it was timed; nothing is compared. Run the same command again."
                )


def unlike(said: Said, cell: CellPlan) -> str | None:
    """Return what a tool did otherwise than asked, which nobody may compare; None when nothing is known."""
    for name, asked in (("threads", cell.threads), ("precision", cell.precision)):
        used = said.facts.get(name)
        if used is not None and used != asked:
            return f"it ran with {name} {used}, not {asked}"
    return None
