"""Whether a vendor's package can be imported here, told the same way by every runtime."""

import importlib
from importlib.metadata import PackageNotFoundError, version

from latbench.runtimes.base import Availability


def installed(module: str, extra: str) -> Availability:
    """Return the availability of the Python package `module`; the mend installs latbench's optional `extra`.

    The package is really imported, so that a broken installation is told apart from a working one.
    """
    try:
        importlib.import_module(module)
    except Exception as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == module
        reason = f"{module} is not installed" if absent else f"{module} cannot be imported: {error}"
        return Availability(False, reason=reason, mend=f'pip install "latbench[{extra}]"')
    try:
        return Availability(True, version=version(module))
    except PackageNotFoundError:
        return Availability(True)
