"""What an export can refuse, in one sentence each."""


class ExportError(Exception):
    """The exported graph is not the module: nothing was written."""


class InputError(Exception):
    """The module, its example inputs or an option cannot be used as given."""
