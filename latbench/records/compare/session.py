"""A session of ABBA blocks, from its records to its verdicts."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latbench.errors import BadInput
from latbench.records.compare.judge import Draft, judged
from latbench.records.compare.labels import Labels
from latbench.records.compare.levels import level_ratios
from latbench.records.compare.likeness import IDENTITY, shown
from latbench.records.compare.outcome import COMPARED, LIVE, Comparison, Pair
from latbench.records.parse import Records
from latbench.records.record import PENDING, RunRecord
from latbench.records.row import Row, rows
from latbench.records.store import RECORDS, read
from latbench.stats import Launches
from latbench.stats.verdict import compared

ABBA = "abba"
"""The schedule of a session: cells 2k and 2k + 1 of the run are a pair, each launched twice in a block."""


@dataclass(frozen=True)
class _Side:
    row: Row
    launches: Launches


def compare_session(records: Records, run_id: str | None = None, *, margin: float) -> Comparison:
    """Return the comparison that a session measured: the run `run_id`, or the latest session there is.

    The unit is the block: the launches of a block stand side by side, and A against itself, the earlier
    launch of each block against the later one, is the A/A arm. Ratios at levels, and at best, are told beside
    the verdict and do not enter it: their launches do not pair. A pair of which a cell did not end ok has no
    verdict. BadInput when there is no such session.
    """
    run = _session(records, run_id)
    finished = records.ok_launches()
    of_run = {row["cell_id"]: row for row in rows(records) if row["run_id"] == run.run_id}
    sides = [
        _Side(
            of_run[cell.cell_id],
            tuple(
                np.asarray(launch.result.samples_ns, dtype=np.int64)
                for launch in finished.get((run.run_id, cell.cell_id), ())
            ),
        )
        for cell in run.cells
    ]
    label = Labels(side.row for side in sides)
    both = list(zip(sides[::2], sides[1::2], strict=True))
    pairs = judged([_draft(one, other, label, margin) for one, other in both], LIVE)
    return Comparison(
        form=LIVE,
        baseline=", ".join(dict.fromkeys(pair.baseline_label for pair in pairs)),
        candidate=", ".join(dict.fromkeys(pair.candidate_label for pair in pairs)),
        margin=margin,
        pairs=pairs,
        notes=tuple(note for one, other in both for note in _notes(one.row, other.row, label)),
        redo=shlex.join(run.command),
        more=_more(run, pairs),
    )


def load_session(path: Path | str) -> Records:
    """Return the records of a results directory or records.jsonl; BadInput when a CSV is all there is."""
    path = Path(path)
    file = path / RECORDS if path.is_dir() else path
    if file.suffix != Path(RECORDS).suffix or not file.is_file():
        raise BadInput(
            f"{path} holds no {RECORDS}, hence no session to show; name a session's directory, or two "
            "results files to compare."
        )
    return read(file)


def _session(records: Records, run_id: str | None) -> RunRecord:
    runs = [run for run in records.runs if run.schedule == ABBA and run_id in (None, run.run_id)]
    if not runs:
        raise BadInput("These results hold no comparison; `latbench compare A B` measures one.")
    return runs[-1]


def _more(run: RunRecord, pairs: Sequence[Pair]) -> str | None:
    """Return the command that would decide what is undecided; None where there is nothing, or no number."""
    needed = [pair.units_needed for pair in pairs if pair.verdict == "UNDECIDED"]
    if not needed or None in needed or tuple(run.command[:2]) != ("latbench", "compare"):
        return None
    blocks = run.launches // 2 + max(number for number in needed if number is not None)
    words = list(run.command)
    while "--blocks" in words:
        at = words.index("--blocks")
        del words[at : at + 2]
    return shlex.join(
        [*(word for word in words if not word.startswith("--blocks=")), "--blocks", str(blocks)]
    )


def _draft(one: _Side, other: _Side, label: Labels, margin: float) -> Draft:
    reason = _lacking(one, other)
    labels = label(one.row), label(other.row)
    pair = Pair(
        name=f"{labels[0]} against {labels[1]}",
        baseline=one.row,
        candidate=other.row,
        state=COMPARED if reason is None else "not_ok",
        reason=reason or "",
        baseline_label=labels[0],
        candidate_label=labels[1],
        levels=() if reason else level_ratios(one.row, other.row),
        differences=shown(one.row, other.row),
    )
    if reason is not None:
        return Draft(pair)
    return Draft(pair, compared(one.launches, other.launches, margin))


def _lacking(one: _Side, other: _Side) -> str | None:
    """Return why there is nothing to decide; None when both cells are finished and right."""
    told = [(name, side.row) for name, side in (("A", one), ("B", other)) if side.row["status"] != "ok"]
    # A partner that was given up says no more than the cell that failed.
    failed = [pair for pair in told if pair[1]["status"] not in ("skipped", PENDING)] or told
    if not failed:
        return None
    ends = "; ".join(f"{name} {row['status']}: {row['reason'] or 'no reason given'}" for name, row in failed)
    more = ", and the same command goes on" if any(row["status"] == PENDING for _, row in failed) else ""
    return f"{ends}{more}."


def _notes(one: Row, other: Row, label: Labels) -> list[str]:
    columns = [column for name, column in IDENTITY.items() if name != "model"]
    same = all(one[column] == other[column] for column in columns)
    if not same or one["artifact_sha256"] != other["artifact_sha256"]:
        return []
    if one["artifact_sha256"] is None and one["model"] != other["model"]:
        return []
    return [
        f"{label(one)} and {label(other)} are one and the same: a verdict other than SAME or UNDECIDED is an "
        "error, to be expected in at most 5 % of sessions."
    ]
