"""What the pages for people promise: the commands and options they name exist, and links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from latbench.cli.app import app, invoke
from latbench.machine import kernels, witnesses

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "results" / "README.md",
    *(ROOT / "docs").glob("*.md"),
)
COMMAND = re.compile(r"\blatbench ((?:--\S+ )*)([a-z]+)\b([^`\n|#]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def code(page: str) -> Iterator[str]:
    """Yield the code of a page: spans between back-quotes, fenced and indented lines."""
    fenced = re.compile(r"^```.*?$(.*?)^```$", re.MULTILINE | re.DOTALL)
    for block in fenced.findall(page):
        yield from block.splitlines()
    rest = fenced.sub("", page)
    for line in rest.splitlines():
        if line.startswith("    "):
            yield line
        else:
            yield from SPAN.findall(line)


def options() -> dict[str, set[str]]:
    """Return the options of each command; those of "" stand before it."""
    group = typer.main.get_command(app())
    told = {"": group, **group.commands}
    return {name: {one for given in command.params for one in given.opts} for name, command in told.items()}


def faults(page: str) -> list[str]:
    """Return what `page` says of latbench that is not so."""
    known = options()
    found = []
    for line in code(page):
        for before, name, rest in COMMAND.findall(line):
            if name not in known:
                found.append(f"no command {name}: {line}")
                continue
            wrong = set(OPTION.findall(before)) - known[""] | set(OPTION.findall(rest)) - known[name]
            found += [f"latbench {name} has no {option}: {line}" for option in sorted(wrong)]
        if line.startswith("--"):
            wrong = set(OPTION.findall(line)) - set().union(*known.values())
            found += [f"no command has {option}: {line}" for option in sorted(wrong)]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_exists(page):
    assert not faults(page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    linked = [target for target, _ in LINK.findall(page.read_text("utf-8"))]
    assert not [target for target in linked if not (page.parent / target).exists()]


def test_the_readme_names_every_command():
    page = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in options() if f"`latbench {name}" not in page and name]


def test_the_table_of_the_readme_is_what_the_command_beside_it_shows(capsys):
    page = (ROOT / "README.md").read_text("utf-8")
    (results,) = set(re.findall(r"`latbench table (results/\S+) --format markdown`", page))
    assert invoke(["table", str(ROOT / results), "--format", "markdown"]) == 0
    assert capsys.readouterr().out in page, "paste what the command prints now"


def test_every_witness_is_explained():
    told = witnesses.difference(witnesses.snapshot(), witnesses.snapshot())
    for moment in ("before", "after"):
        told |= kernels.witnessed(moment)
    page = (ROOT / "results" / "README.md").read_text("utf-8").partition("\n## Witnesses\n")[2]
    explained = {name for line in page.splitlines() if line.startswith("| `") for name in SPAN.findall(line)}
    assert not {*told, "flush_denormals_ratio"} - explained


def test_a_planted_fault_is_seen():
    assert faults("`latbench measure m`") == ["no command measure: latbench measure m"]
    assert faults("    latbench run m --speed 3") == [
        "latbench run has no --speed:     latbench run m --speed 3"
    ]
    assert faults("```sh\nlatbench --loud list\n```") == ["latbench list has no --loud: latbench --loud list"]
    assert faults("`--no-such-option`") == ["no command has --no-such-option: --no-such-option"]
    assert not faults("`latbench run m --threads 2`, `--opset`, latbench really runs, `make run`")
