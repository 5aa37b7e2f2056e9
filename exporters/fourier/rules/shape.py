"""Operators that move or add up entries: applied to each part alone."""

from typing import Any

from exporters.fourier.rules.base import Apply, Rule, on_each, promoted
from exporters.fourier.values import Complex, Context, pair

ALIKE = (
    "permute transpose t unsqueeze squeeze slice expand clone contiguous alias detach lift_fresh_copy "
    "roll flip constant_pad_nd repeat unfold index index_select gather diagonal tril triu "
    "diag_embed split split_with_sizes unbind neg sum mean cumsum pixel_shuffle resolve_neg"
)
RESHAPED = ("view", "_unsafe_view", "reshape", "_reshape_alias")


def _alike(_: Context, operator: Apply, value: Any, *args: Any, **kwargs: Any) -> Any:
    return on_each(operator, value, args, kwargs) if isinstance(value, Complex) else pair(*promoted(value))


def _reshape(_: Context, __: Apply, value: Complex, size: list[int], *_strides: Any) -> Complex:
    re, im = value.parts
    return pair(re.reshape(size), im.reshape(size))


def _cat(_: Context, operator: Apply, values: list[Any], *args: Any, **kwargs: Any) -> Complex:
    re, im = zip(*map(promoted, values), strict=True)
    return pair(operator(list(re), *args, **kwargs), operator(list(im), *args, **kwargs))


def _copy(_: Context, operator: Apply, into: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
    if not isinstance(into, Complex):  # torch keeps the type of what it writes into
        return operator(into, value.real, *args, **kwargs)
    halves = zip(promoted(into), promoted(value), strict=True)
    return pair(*(operator(old, new, *args, **kwargs) for old, new in halves))


def _slice_scatter(_: Context, operator: Apply, into: Any, value: Any, *at: Any, **named: Any) -> Complex:
    """Return `into` with a slice of it taken from `value`: joined from its pieces, where it is one piece."""
    import torch

    halves = zip(promoted(into), promoted(value), strict=True)
    place = dict(zip(("dim", "start", "end", "step"), at, strict=False)) | named
    dim, step = place.get("dim", 0), place.get("step", 1)
    if step != 1:
        return pair(*(operator(old, new, *at, **named) for old, new in halves))
    length = into.shape[dim]
    first, last, _step = slice(place.get("start"), place.get("end")).indices(length)

    def joined(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        pieces = [old.narrow(dim, 0, first), new, old.narrow(dim, last, length - last)]
        return torch.cat([piece for piece in pieces if piece.shape[dim]], dim)

    return pair(*(joined(old, new) for old, new in halves))


def _select_scatter(context: Context, operator: Apply, into: Any, value: Any, *at: int) -> Complex:
    (re, im), (dim, index) = promoted(value), at
    first = index % into.shape[dim]
    value = pair(re.unsqueeze(dim), im.unsqueeze(dim))
    return _slice_scatter(context, operator, into, value, dim, first, first + 1)


def _index_put(_: Context, operator: Apply, into: Any, at: list[Any], value: Any, *args: Any) -> Complex:
    halves = zip(promoted(into), promoted(value), strict=True)
    return pair(*(operator(old, at, new, *args) for old, new in halves))


def _where(_: Context, operator: Apply, condition: Any, first: Any, second: Any) -> Complex:
    halves = zip(promoted(first), promoted(second), strict=True)
    return pair(*(operator(condition, one, other) for one, other in halves))


def _masked_fill(_: Context, operator: Apply, value: Any, mask: Any, filled: Any) -> Complex:
    halves = zip(promoted(value), promoted(filled), strict=True)
    return pair(*(operator(old, mask, new) for old, new in halves))


RULES = (
    *(Rule(f"aten.{name}", _alike) for name in ALIKE.split()),
    *(Rule(f"aten.{name}", _reshape) for name in RESHAPED),
    *(Rule(f"aten.{name}", _cat) for name in ("cat", "stack")),
    Rule("aten.copy", _copy),
    Rule("aten.slice_scatter", _slice_scatter),
    Rule("aten.select_scatter", _select_scatter),
    Rule("aten.index_put", _index_put),
    Rule("aten.where", _where),
    Rule("aten.masked_fill", _masked_fill),
)
