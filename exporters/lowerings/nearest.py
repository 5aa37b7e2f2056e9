"""What stands in for a lowering that an operator does not allow."""

import math
from dataclasses import replace

from exporters.lowerings import lowerings
from exporters.lowerings.base import SPATIAL, Circular
from exporters.lowerings.name import Choice, Decision

ASKED = "asked for"


def nearest(op: Circular, choice: Choice) -> Decision:
    """Return `choice` where it can be built for `op`, else the nearest form that can, and why.

    That is the same lowering with the nearest factor of the length (by ratio), else the circulant, else the
    spatial form. A dense operator is not chunked. No factor given means the one nearest the square root.
    """
    notes = []
    if choice.chunk is not None and op.dense:
        choice = replace(choice, chunk=None)
        notes.append("a dense operator is not split by channels")
    wanted = lowerings()[choice.lowering]
    refusal = wanted.refusal(op, choice.factor) if choice.factor or not wanted.takes_factor else None
    if wanted.takes_factor and (choice.factor is None or refusal is not None):
        chosen = nearest_factor(op, choice.lowering, choice.factor)
        if chosen is not None:
            used = replace(choice, factor=chosen)
            notes.append(_factor_note(choice, used, refusal))
            return Decision(used, "; ".join(notes))
        refusal = refusal or wanted.refusal(op, smallest_factor(op.length))
    if refusal is None:
        return Decision(choice, "; ".join(notes) or ASKED)
    refused = lowerings()["circulant"].refusal(op, None) is not None
    used = replace(choice, lowering=SPATIAL if refused else "circulant", factor=None)
    notes.append(f"{choice.text} is not possible because {refusal}: {used.text}")
    return Decision(used, "; ".join(notes))


def nearest_factor(op: Circular, lowering: str, wanted: int | None) -> int | None:
    """Return the N1 nearest to `wanted` by ratio that `lowering` accepts for `op`, None where it has none.

    Without a wish, the nearest to the square root of the length among those it says are worth trying.
    """
    entry, length = lowerings()[lowering], op.length
    divisors = [d for d in range(2, length + 1) if length % d == 0 and entry.refusal(op, d) is None]
    if wanted is None:
        divisors = [d for d in entry.factors(op) if d in divisors] or divisors
    aim = math.log(wanted or math.sqrt(length))
    return min(divisors, key=lambda d: abs(math.log(d) - aim), default=None)


def smallest_factor(length: int) -> int:
    """Return the smallest divisor of `length` above 1."""
    return next((d for d in range(2, length) if length % d == 0), length)


def _factor_note(asked: Choice, used: Choice, refusal: str | None) -> str:
    if refusal is None:
        return f"{asked.text} with the factor nearest the square root: {used.text}"
    return f"{asked.text} is not possible because {refusal}: {used.text}"
