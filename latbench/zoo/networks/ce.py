"""Published transformers with convolutional embeddings (arXiv:2207.13317) in place of their own.

Reconstructions, for no code of theirs is published: docs/reconstructions.md tells what was chosen.
"""

from collections.abc import Sequence
from typing import Any

from latbench.zoo.layers.ce import UNITS, ce
from latbench.zoo.networks.cswin import CSWin
from latbench.zoo.networks.cvt import CvT
from latbench.zoo.networks.pvt import PVT
from latbench.zoo.networks.swin import Swin


def ce_cvt(*, units: Sequence[int] = UNITS, **config: Any) -> CvT:
    """Return a CvT of this `config` with convolutional embeddings of so many `units` before its stages."""
    return CvT(embedding=ce(tuple(units)), **config)


def ce_pvt(*, units: Sequence[int] = UNITS, **config: Any) -> PVT:
    """Return a PVT of this `config` with convolutional embeddings; its position embeddings stay."""
    return PVT(embedding=ce(tuple(units)), **config)


def ce_swin(*, units: Sequence[int] = UNITS, **config: Any) -> Swin:
    """Return a Swin Transformer of this `config` with convolutional embeddings."""
    return Swin(embedding=ce(tuple(units)), **config)


def ce_cswin(*, units: Sequence[int] = UNITS, **config: Any) -> CSWin:
    """Return a CSWin Transformer of this `config` with convolutional embeddings."""
    return CSWin(embedding=ce(tuple(units)), **config)
