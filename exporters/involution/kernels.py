"""The kernels of an involution, handed out in the order in which a lowering reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exporters.graph import bias_of, constant, is_pointwise, producer

if TYPE_CHECKING:
    import onnx_ir as ir

    from exporters.lowerings.builder import Builder

ZERO = -1
"""In an order of channels: a channel of zeros."""


@dataclass(frozen=True)
class Kernels:
    """The kernels as they stand in the graph: `value` holds B x `channels` maps of `out`, one for a tap.

    `where` is (groups, taps): the channel of `value` with the weights of a tap, taps row by row. In `value`
    the channels come before the pixels, or behind them where `last`. `own` is whether nothing else reads
    `value`, so that the convolution that makes it may make its channels in another order.
    """

    value: "ir.Value"
    batch: int
    channels: int
    out: tuple[int, int]
    where: np.ndarray
    last: bool = False
    own: bool = True

    def by_group(self, builder: "Builder") -> "ir.Value":
        """Return (B, G, T, H', W')."""
        groups, taps = self.where.shape
        made = self.ordered(builder, self.where.ravel())
        return builder.reshape(made, self.batch, groups, taps, *self.out)

    def by_tap(self, builder: "Builder") -> "ir.Value":
        """Return (B, T, G, H', W')."""
        groups, taps = self.where.shape
        made = self.ordered(builder, self.where.T.ravel())
        return builder.reshape(made, self.batch, taps, groups, *self.out)

    def on_grid(self, builder: "Builder", high: int, wide: int, chunks: int) -> "Iterator[ir.Value]":
        """Yield (B, T, G / chunks, high, wide) for each chunk of the groups: the weights on larger maps.

        What is below and to the right may be any. Where a 1x1 convolution made them, a matrix product makes
        these of its padded input, which costs no reorder of the result, and its chunk is still in the cache
        when it is read; the padding is ones and puts one more channel of ones last, for the bias.
        """
        groups, taps = self.where.shape
        below, right = high - self.out[0], wide - self.out[1]
        conv = producer(self.value, "Conv") if self.own and not self.last else None
        orders = [part.T.ravel() for part in np.split(self.where, chunks)]
        shape = (self.batch, taps, groups // chunks, high, wide)
        if conv is None or not is_pointwise(conv):
            made = self.ordered(builder, np.concatenate(orders))
            pads = builder.integers([0, 0, 0, 0, 0, 0, below, right])
            made = builder.node("Pad", made, pads, mode="constant") if below or right else made
            parts = builder.split(made, [len(order) for order in orders], 1) if chunks > 1 else [made]
            yield from (builder.reshape(part, *shape) for part in parts)
            return
        weight, bias = constant(conv.inputs[1]), bias_of(conv)
        assert weight is not None
        assert bias is not None
        rows = np.column_stack((weight[:, :, 0, 0], bias))
        pads = builder.integers([0, 0, 0, 0, 0, 1, below, right])
        given = builder.node("Pad", conv.inputs[0], pads, builder.floats(np.array(1)), mode="constant")
        given = builder.reshape(given, self.batch, rows.shape[1], high * wide)
        for order in orders:
            yield builder.reshape(builder.node("MatMul", builder.floats(rows[order]), given), *shape)

    def by_pixel(self, builder: "Builder", groups: Sequence[int], order: np.ndarray, wide: int) -> "ir.Value":
        """Return (B, len(groups), H', wide, len(order)): of each pixel, its weights of the taps of `order`.

        `ZERO` in `order` is a weight of zero; beyond the W' pixels of a row the weights are any. Where a 1x1
        convolution made the kernels, a matrix product makes these; a channel of ones gives its bias.
        """
        right = wide - self.out[1]
        shape = (self.batch, len(groups), self.out[0], wide, len(order))
        conv = producer(self.value, "Conv") if self.own and not self.last else None
        if conv is None or not is_pointwise(conv):
            taken = builder.node("Gather", self.by_group(builder), builder.integers(groups), axis=1)
            taken = builder.node("Pad", taken, builder.integers([0] * 7 + [1, 0, right]), mode="constant")
            taken = builder.transpose(taken, 0, 1, 3, 4, 2)
            places = np.where(order == ZERO, self.where.shape[1], order)
            return builder.node("Gather", taken, builder.integers(places), axis=4)
        weight, bias = constant(conv.inputs[1]), bias_of(conv)
        assert weight is not None
        assert bias is not None
        rows = np.column_stack((weight[:, :, 0, 0], bias))[self.where[list(groups)]]
        columns = np.where((order == ZERO)[:, None], 0, rows[:, order])
        pads = builder.integers([0, 0, 0, 0, 0, 1, 0, right])
        given = builder.node("Pad", conv.inputs[0], pads, builder.floats(np.array(1)), mode="constant")
        given = builder.reshape(given, self.batch, rows.shape[2], self.out[0] * wide)
        given = builder.reshape(builder.transpose(given, 0, 2, 1), self.batch, 1, -1, rows.shape[2])
        made = builder.node("MatMul", given, builder.floats(columns.transpose(0, 2, 1)))
        return builder.reshape(made, *shape)

    def ordered(self, builder: "Builder", order: Sequence[int] | np.ndarray) -> "ir.Value":
        """Return (B, len(order), H', W'): channel n is channel order[n] of `value`, or zeros for `ZERO`.

        The convolution that made them makes them in that order where it can; else they are gathered.
        """
        order = np.asarray(order)
        straight = len(order) == self.channels and bool((order == np.arange(self.channels)).all())
        conv = producer(self.value, "Conv") if self.own and not self.last else None
        if conv is not None and is_pointwise(conv) and not straight:
            weight, bias = constant(conv.inputs[1]), bias_of(conv)
            assert weight is not None
            assert bias is not None
            held = (order != ZERO).astype(weight.dtype)
            rows = weight[order] * held[:, None, None, None]
            given = [conv.inputs[0], builder.floats(rows), builder.floats(bias[order] * held)]
            return builder.node("Conv", *given, kernel_shape=[1, 1])
        made = self._channels_first(builder)
        if straight:
            return made
        if (order == ZERO).any():
            zeros = builder.floats(np.zeros((self.batch, 1, *self.out)))
            made = builder.node("Concat", made, zeros, axis=1)
            order = np.where(order == ZERO, self.channels, order)
        return builder.node("Gather", made, builder.integers(order), axis=1)

    def _channels_first(self, builder: "Builder") -> "ir.Value":
        if not self.last:
            return builder.reshape(self.value, self.batch, self.channels, *self.out)
        image = builder.reshape(self.value, self.batch, *self.out, self.channels)
        return builder.transpose(image, 0, 3, 1, 2)
