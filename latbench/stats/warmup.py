"""Whether warm-up has done its work."""

import numpy as np
from numpy.typing import NDArray

from latbench.stats.changepoint import change_point


def warmup_settled(warmup_ns: NDArray[np.int64], samples_ns: NDArray[np.int64], least: float = 0.01) -> bool:
    """Return whether the level stopped moving before the first of `samples_ns`.

    The two are read as one stream. After each step the rest is searched again, and a step of a share `least`
    or more that falls within `samples_ns` means no. Fewer than ten values in all show no step: yes.
    """
    stream = np.concatenate([warmup_ns, samples_ns])
    start = 0
    while (step := change_point(stream[start:])) is not None:
        start += step.index
        if start > len(warmup_ns) and abs(step.ratio - 1) >= least:
            return False
    return True
