"""What an export can refuse, in one sentence each."""


class ExportError(Exception):
    """The exported graph is not the module: nothing was written."""


class InputError(Exception):
    """The module, its example inputs or an option cannot be used as given."""


def first_line(error: BaseException) -> str:
    """Return the class of `error` and the first line that it says, for use within a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].rstrip('.')}" if lines else type(error).__name__
