"""Programs that are tools when they stand on the PATH."""

import shutil

from latbench.runtimes.base import Availability


def found(program: str, mend: str) -> Availability:
    """Return the availability of `program`; its version stays unknown, none of them tells it apart."""
    if shutil.which(program) is not None:
        return Availability(True)
    return Availability(False, reason=f"{program} is not on the PATH", mend=mend)
