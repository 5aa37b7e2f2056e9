"""Prints how often latbench's intervals, verdicts and flags are right where the truth is known.

Run by `make bench-evidence`; everything is simulated from fixed seeds, so that every machine prints the same.
Exits with 1 when a promise is not kept.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from simulated import alarms, coverage, crossovers, neighbours, regimes, sessions, stopping, table
from simulated.finding import Finding


def findings(runs: int, trials: int) -> Iterator[Finding]:
    """Yield everything: `runs` simulated runs or sessions for each rate, `trials` cells for each flag."""
    yield from coverage.findings(runs)
    yield from regimes.single(2 * trials)
    yield from regimes.double(4 * trials)
    yield from neighbours.findings(2 * trials)
    yield from stopping.precision(runs)
    yield from stopping.licences(runs)
    yield from sessions.ratio_coverage(runs)
    yield from sessions.false_verdicts(runs)
    yield from sessions.power(runs)
    yield from crossovers.findings(runs)
    yield from alarms.findings(trials)


def main() -> int:
    """Print the findings; return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="simulated runs for each rate")
    parser.add_argument("--trials", type=int, default=100, help="simulated cells for each flag")
    parser.add_argument("--csv", type=Path, help="write the findings there")
    parser.add_argument("--markdown", action="store_true", help="print the tables of docs/statistics.md")
    arguments = parser.parse_args()
    found = []
    for finding in findings(arguments.runs, arguments.trials):
        found.append(finding)
        if sys.stderr.isatty():
            print(f"\r{len(found)} rates \r", end="", file=sys.stderr, flush=True)
    if arguments.csv:
        table.write(arguments.csv, found)
    print(table.markdown(found) if arguments.markdown else "\n".join(table.lines(found)).strip())
    broken = [one for one in found if not one.met()]
    for one in broken:
        print(f"not kept: {one.question}; {one.case}: {one.share:.3f}, {one.promised}", file=sys.stderr)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
