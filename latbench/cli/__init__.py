"""The command line: one command per file in `commands`; the one place that prints and exits."""

import sys


def main() -> None:
    """Run the command that the process's arguments ask for; exit with its code (`latbench.errors.Exit`)."""
    from latbench.cli.app import invoke

    sys.exit(invoke(sys.argv[1:]))
