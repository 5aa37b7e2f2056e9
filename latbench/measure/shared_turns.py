"""Who is timed when in a shared launch, and how many calls: the rule, as pure functions.

In each round the cells that are due have one turn each, in an order drawn anew. A turn is a few consecutive
calls, each timed by itself, so that a sample is one call as in any other launch. While others had theirs, the
caches were filled with other data: the first call of a turn therefore does not count, unless one call takes
`LONG_NS` or more, which by itself replaces whatever a cache could hold. What is measured is a call that
follows another call of the same model, as in a launch of its own. The calls left out are witnessed.

The time for all cells is shared evenly, and what the fast ones leave goes to the slow: each has as many
samples as asked for or as its share pays, but at least `LEAST`, or `LEAST_SLOW` where a call takes `SLOW_NS`
or more. Those with fewer turns than there are rounds have theirs evenly spaced: a drift of the machine falls
on all alike.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

Key = TypeVar("Key")

LONG_NS, SLOW_NS = 30_000_000, 500_000_000
LEAST, LEAST_SLOW = 5, 2
TURN_NS = 5_000_000
"""A turn keeps calls for about this long, where that is within `FEWEST` and `MOST`."""

FEWEST, MOST = 2, 10


@dataclass(frozen=True)
class Share:
    """What one cell gets: `kept` samples in all, `per_turn` in each turn after `dropped` calls."""

    kept: int
    per_turn: int
    dropped: int

    @property
    def turns(self) -> int:
        """The number of turns; the last may be shorter."""
        return ceil(self.kept / self.per_turn)


def shares(latencies_ns: Mapping[Key, int], budget_ns: float, samples: int) -> dict[Key, Share]:
    """Return what each cell gets of `budget_ns`, by key, for a call that takes so long."""
    left = budget_ns
    found: dict[Key, Share] = {}
    order = sorted(latencies_ns, key=lambda key: _unit_ns(max(1, latencies_ns[key])))
    for at, key in enumerate(order):
        latency = max(1, latencies_ns[key])
        unit = _unit_ns(latency)
        least = min(samples, LEAST_SLOW if latency >= SLOW_NS else LEAST)
        kept = max(least, min(samples, int(max(0.0, left) / (len(order) - at) / unit)))
        found[key] = Share(kept, min(kept, _per_turn(latency)), _dropped(latency))
        left -= kept * unit
    return {key: found[key] for key in latencies_ns}


def _dropped(latency: int) -> int:
    return 0 if latency >= LONG_NS else 1


def _per_turn(latency: int) -> int:
    return 1 if latency >= LONG_NS else min(MOST, max(FEWEST, ceil(TURN_NS / latency)))


def _unit_ns(latency: int) -> float:
    """Return what one kept call costs, with its part of the calls left out."""
    return latency * (1 + _dropped(latency) / _per_turn(latency))


def rounds(given: Mapping[Key, Share], order: random.Random) -> Iterator[list[tuple[Key, int]]]:
    """Yield the rounds: the keys due in each, in a random order, each with the calls to keep in that turn."""
    number = max((share.turns for share in given.values()), default=0)
    for at in range(number):
        due = [
            (key, turn)
            for key, share in given.items()
            if (turn := _turn(share.turns, at, number)) is not None
        ]
        yield [
            (key, min(given[key].per_turn, given[key].kept - turn * given[key].per_turn))
            for key, turn in order.sample(due, len(due))
        ]


def _turn(turns: int, at: int, number: int) -> int | None:
    """Return which of so many turns falls into round `at` of `number`, None when none does."""
    before, after = at * turns // number, (at + 1) * turns // number
    return before if after > before else None
