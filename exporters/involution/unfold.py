"""The published form: every window copied out, multiplied and summed. It stays as the module wrote it."""

from exporters.involution.base import UNFOLD, Lowering

LOWERING = Lowering(
    name=UNFOLD,
    mathematics="y[c, p] = sum over t of w[g(c), t, p] U[c, t, p], U being all windows: T copies of x",
    build=None,
)
