"""Which lowering an operator gets: the one asked for, or for `auto` what was fastest where it was measured.

`auto` looks up the measured cell that is nearest to the operator (`nearby`), among the rows of its runtime,
axis and neighbours, and takes the fastest lowering of that cell which can be built for the operator's length.
It keeps the spatial form where nothing was measured to be faster. A graph for every runtime takes what is
best on the geometric mean, if it costs no runtime measured more than 5 %. Where nothing was measured
(TensorRT; dense operators in a table without them) multiplications are counted instead.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from exporters.lowerings import lowerings
from exporters.lowerings.base import SPATIAL, Circular
from exporters.lowerings.name import AUTO, FFT, HELD, Choice, Chooser, Decision, parse
from exporters.lowerings.nearest import nearest, nearest_factor
from exporters.lowerings.table import Row, Table, same_cpu
from exporters.lowerings.work import multiplications

PORTABLE, EAGER = "portable", "pytorch"
EVERYWHERE = ("onnxruntime", "openvino")
"""The runtimes that a portable graph is chosen for."""

WORST = 0.95
"""The least that a choice may reach of the spatial form's speed: on a runtime that a portable graph is for,
and at the lower end of the interval measured."""

FEWER = 0.4
"""The share of the spatial form's multiplications that a choice by counting may take: with more, what the
products gain is spent on their memory traffic."""

PRODUCTS = 1.4
"""The least measured speed of a choice that turns the 1x1 convolutions beside it into products. Measured
between two of them alone, it is spared the reorders that come to stand before and behind them in a network:
whole networks with choices of 1.1 to 1.4 were as often slower as faster."""

APART = 2.0
"""How far, by ratio, a factor may be from the measured one to count as the same lowering."""

AKIN = math.sqrt(2)
"""How far, by ratio, the length of a cell may be that answers for a choice which the nearest one lacks."""


def chooser(asked: str, target: str, threads: int, table: Table, machine: str | None = None) -> Chooser:
    """Return what decides for each operator of a graph for `target`, run by `threads` threads.

    `asked` is a lowering's name or "auto"; InputError lists the names. `machine` is this machine's processor,
    to say of a measurement that it is another's; None where that is unknown.
    """
    if asked != AUTO:
        wanted = parse(asked)
        return lambda op, _neighbours: nearest(op, wanted)

    def choose(op: Circular, neighbours: str) -> Decision:
        runtimes = EVERYWHERE if target == PORTABLE else (target,)
        near = {name: measured(table, name, op, neighbours, threads) for name in runtimes}
        missing = " and ".join(name for name, cells in near.items() if not cells)
        if missing:
            kind = "a dense operator" if op.dense else f"axis {op.axis}"
            return by_count(op, f"nothing measured on {missing} for {kind}")
        return _fastest(near, op, machine)

    return choose


def eager(axis: str, length: int, channels: int, threads: int, table: Table) -> Literal["spatial", "fft"]:
    """Return the form in which eager PyTorch is to run a depthwise operator; "spatial" where unmeasured."""
    op = Circular(axis, (1, channels, length, length), np.zeros((channels, length)))
    near = _near([row for row in table.rows if row.lowering == FFT], EAGER, op, "none", threads)
    return "fft" if near and near[0].over_spatial > 1 else "spatial"


Cell = dict[Choice, Row]
"""What was measured of one cell, by the choice that it is for an operator."""


def measured(table: Table, runtime: str, op: Circular, neighbours: str, threads: int) -> list[Cell]:
    """Return the cells measured on `runtime`, nearest to `op` first, from the first that offers a lowering.

    They hold what can be built for `op`. Cells of another neighbourhood stand in where there is none of this.
    """
    cells: dict[tuple[object, ...], Cell] = {}
    for row in _near(table.rows, runtime, op, neighbours, threads):
        choice = fitted(row, op)
        if choice is not None:
            known = cells.setdefault(row.cell, {})
            if choice not in known or row.over_spatial > known[choice].over_spatial:
                known[choice] = row
    return [cell for cell in cells.values() if any(choice.lowering != SPATIAL for choice in cell)]


def _near(rows: Iterable[Row], runtime: str, op: Circular, neighbours: str, threads: int) -> list[Row]:
    """Return the rows that may speak for `op`, nearest first."""
    like = [row for row in rows if (row.runtime, row.axis, row.dense) == (runtime, op.axis, op.dense)]
    if neighbours == HELD:
        like = [row for row in like if parse(row.lowering).pointwise == "conv"]
        neighbours = "conv"
    like = [row for row in like if row.neighbours == neighbours] or like
    closest = min(
        (row.threads for row in like), key=lambda count: (abs(math.log(count / threads)), count), default=None
    )
    return sorted((row for row in like if row.threads == closest), key=lambda row: distance(row, op))


def distance(row: Row, op: Circular) -> float:
    """Return how far the cell of `row` is from `op`: squared distance in log N, counted twice, log C, log M.

    M, the size of the other axis, is N in the table. N counts twice because work grows with its square.
    """
    length = math.log(row.length / op.length)
    channels, other = math.log(row.channels / max(op.channels)), math.log(row.length / op.other)
    return (2 * length) ** 2 + channels**2 + other**2


def fitted(row: Row, op: Circular) -> Choice | None:
    """Return what `row` measured as it is built for `op`, with the nearest factor; None where it cannot."""
    choice = parse(row.lowering)
    lowering = lowerings()[choice.lowering]
    if not lowering.exact or (choice.chunk is not None and op.dense):
        return None
    if not lowering.takes_factor:
        return None if lowering.refusal(op, None) is not None else choice
    factor = nearest_factor(op, choice.lowering, choice.factor)
    apart = math.inf if factor is None else abs(math.log(factor / (choice.factor or factor)))
    return replace(choice, factor=factor) if apart <= math.log(APART) else None


def _fastest(near: Mapping[str, list[Cell]], op: Circular, machine: str | None) -> Decision:
    """Return the choice with the best geometric mean over runtimes, else the spatial form.

    Those in each runtime's nearest cell are compared; a runtime whose nearest cell lacks one answers with
    the nearest that has it, if that is within `AKIN` in length.
    """
    best, gain = Choice(SPATIAL), 0.0
    speakers = {name: next(iter(cells[0].values())) for name, cells in near.items()}
    for choice in dict.fromkeys(choice for cells in near.values() for choice in cells[0]):
        rows = {name: _speaker(choice, cells, op) for name, cells in near.items()}
        found = {name: row for name, row in rows.items() if row is not None}
        if len(found) < len(near) or any(_lowest(row) < WORST for row in found.values()):
            continue
        mean = sum(math.log(row.over_spatial) for row in found.values()) / len(found)
        if mean > gain and (choice.pointwise == "conv" or mean >= math.log(PRODUCTS)):
            best, gain, speakers = choice, mean, found
    if gain == 0:
        places = "; ".join(row.place for row in speakers.values())
        return Decision(best, f"nothing measured faster than spatial: {places}")
    return Decision(best, "; ".join(_told(row, best, machine) for row in speakers.values()))


def _speaker(choice: Choice, cells: list[Cell], op: Circular) -> Row | None:
    for place, cell in enumerate(cells):
        row = cell.get(choice)
        if row is not None and (place == 0 or abs(math.log(row.length / op.length)) <= math.log(AKIN)):
            return row
    return None


def _lowest(row: Row) -> float:
    return min(row.over_spatial, row.over_spatial if row.ci95_low is None else row.ci95_low)


def _told(row: Row, choice: Choice, machine: str | None) -> str:
    """Return the measurement behind a choice in words."""
    elsewhere = machine is not None and row.cpu is not None and not same_cpu(row.cpu, machine)
    other = f", on another machine ({row.cpu})" if elsewhere else ""
    instead = "" if row.lowering == choice.text else f" as {row.lowering}"
    return f"measured {row.over_spatial:.3g}x spatial{instead}: {row.place}{other}"


def by_count(op: Circular, why: str) -> Decision:
    """Return the exact lowering of `op` with the fewest multiplications, if clearly fewer than spatial's."""
    spatial = Choice(SPATIAL)
    counts = {choice: multiplications(op, choice) for choice in (spatial, *_exact(op))}
    best = min(counts, key=lambda choice: counts[choice])
    share = counts[best] / counts[spatial]
    if share >= FEWER:
        return Decision(spatial, f"{why}; no lowering takes under {FEWER:.0%} of its multiplications")
    return Decision(best, f"{why}; chosen by count: {share:.0%} of spatial's multiplications")


def _exact(op: Circular) -> Iterable[Choice]:
    """Yield the exact lowerings that can be built for `op`, with each factor worth trying."""
    for name, lowering in lowerings().items():
        factors = lowering.factors(op) if lowering.takes_factor else (None,)
        if lowering.exact and name != SPATIAL:
            yield from (Choice(name, factor) for factor in factors if lowering.refusal(op, factor) is None)
