"""The doctor: what about this machine changes latency, why, and how to mend it."""

import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from latbench.machine.checks import checks
from latbench.machine.checks.base import STATUSES, Context, Finding
from latbench.machine.files import Tree

_MARGIN = "  "


def diagnose(
    root: str | Path = "/",
    *,
    threads: int = 4,
    results: str | Path = "results",
    environ: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Return a finding per check that applies, read below `root` without root rights, in half a second.

    `threads` is what a run would ask for and `results` the folder it would write to; `environ` replaces the
    environment of this process. No runtime is imported.
    """
    context = Context(tree=Tree(Path(root)), results=Path(results), threads=threads)
    return findings(context if environ is None else replace(context, environ=environ))


def findings(context: Context) -> tuple[Finding, ...]:
    """Return a finding per check of `latbench.machine.checks` that applies, with its key and title."""
    told = ((check, check.run(context)) for check in checks())
    return tuple(replace(one, key=check.key, title=check.title) for check, one in told if one is not None)


def as_table(found: Sequence[Finding], width: int = 100) -> str:
    """Return the findings as aligned plain text, the effect and the mend below those that are not ok.

    Lines are wrapped at `width` characters; the last line counts the findings by status.
    """
    status_width = max(map(len, STATUSES))
    title_width = max((len(finding.title) for finding in found), default=0)
    indent = " " * (status_width + title_width + 2 * len(_MARGIN))
    lines: list[str] = []
    for finding in found:
        head = _MARGIN.join((finding.status.ljust(status_width), finding.title.ljust(title_width), ""))
        details = [] if finding.status == "ok" else [("why:  ", finding.effect), ("mend: ", finding.mend)]
        for label, text in [("", finding.value), *details]:
            if text:
                lines += _wrapped(text, width, (head if not label else indent) + label, indent)
    return "\n".join([*lines, "", summary(found)]) + "\n"


def summary(found: Sequence[Finding]) -> str:
    """Return one line that counts the findings by status, the worst first."""
    counts = Counter(finding.status for finding in found)
    plural = {"problem": "problems", "warning": "warnings", "note": "notes", "unknown": "unknown", "ok": "ok"}
    told = ((counts[status], status, several) for status, several in plural.items() if counts[status])
    parts = (f"{count} {status if count == 1 else several}" for count, status, several in told)
    return f"{len(found)} checks: {', '.join(parts) or 'none'}"


def as_json(found: Sequence[Finding]) -> str:
    """Return the findings as a JSON list of objects with key, title, status, value, effect and mend."""
    names = ("key", "title", "status", "value", "effect", "mend")
    objects = [{name: asdict(finding)[name] for name in names} for finding in found]
    return json.dumps(objects, indent=2, ensure_ascii=False) + "\n"


def _wrapped(text: str, width: int, first: str, indent: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        max(width, len(first) + 20),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
