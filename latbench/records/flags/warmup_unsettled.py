"""Warm-up ended with the latency still moving."""

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag, share

_HEAD = 20
"""Samples looked at after warm-up, or as many as the warm-up asked for where that is more."""


def _fired(evidence: Evidence) -> str | None:
    head = max(_HEAD, evidence.run.warmup)
    streams = ((np.asarray(one.warmup_ns), np.asarray(one.samples_ns[:head])) for one in evidence.launches)
    unsettled = sum(not stats.warmup_settled(warmup, samples) for warmup, samples in streams)
    return share(unsettled, len(evidence.launches))


FLAG = Flag(
    "warmup_unsettled",
    "Launches whose latency still moved when warm-up ended / launches.",
    _fired,
    "Warm up longer (--warmup); what never settles is levels or drift, not warm-up.",
)
