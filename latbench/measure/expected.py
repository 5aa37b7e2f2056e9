"""What a launch feeds a model, and what its outputs must equal: the reference file."""

from zipfile import BadZipFile

import numpy as np

from exporters import parity
from latbench.errors import BadInput
from latbench.runtimes.base import Arrays


def read(path: str | None) -> tuple[Arrays, Arrays | None]:
    """Return the inputs and the expected outputs; no outputs in the file, or no file, means unchecked."""
    if path is None:
        return {}, None
    try:
        with np.load(path) as arrays:
            named = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, BadZipFile) as error:
        raise BadInput(f"The reference {path} cannot be read: {error}.") from error
    return _of_kind("input:", named), _of_kind("output:", named) or None


def _of_kind(prefix: str, named: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in named.items() if name.startswith(prefix)}


def agreement(actual: Arrays, expected: Arrays) -> tuple[parity.Parity, str | None]:
    """Return the parity, and what makes an output incomparable.

    Outputs are matched by name, or by position where the runtime names them otherwise.
    """
    if not expected.keys() <= actual.keys():
        if len(actual) != len(expected):
            raise BadInput(f"The model has outputs {list(actual)}, the reference has {list(expected)}.")
        actual = dict(zip(expected, actual.values(), strict=True))
    found = parity.compare(actual, expected)
    return found, parity.unlike(actual, expected) if found == parity.FAILED else None
