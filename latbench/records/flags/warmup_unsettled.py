"""Warm-up ended with the latency still moving."""

import numpy as np

from latbench import stats
from latbench.records.flags.base import Evidence, Flag, share


def _fired(evidence: Evidence) -> str | None:
    half = max(1, evidence.run.warmup // 2)
    warmups = (np.asarray(launch.warmup_ns) for launch in evidence.launches if launch.warmup_ns)
    unsettled = sum(not stats.warmup_settled(warmup[:-half], warmup[-half:]) for warmup in warmups)
    return share(unsettled, len(evidence.launches))


FLAG = Flag("warmup_unsettled", "Launches whose latency still moved when warm-up ended / launches.", _fired)
