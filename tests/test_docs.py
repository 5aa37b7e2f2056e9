"""What the pages for people promise: the commands and options they name exist, and links lead somewhere."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from exporters.involution import lowerings as involutions
from exporters.involution.choice import RULES
from exporters.passes import passes
from exporters.targets import FIRST, TARGETS
from latbench.cli.app import app, invoke
from latbench.machine import kernels, witnesses
from latbench.zoo.registry import models

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


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the first table whose header begins with `heading`, without header and rule."""
    lines = iter((ROOT / page).read_text("utf-8").splitlines())
    assert next((line for line in lines if line.startswith(heading)), None), f"no table {heading} in {page}"
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return found


def escaped(text: str) -> str:
    return re.sub(r"([*|<_])", r"\\\1", text)


def test_the_zoo_of_the_readme_has_every_family_and_counts_its_models():
    counted = Counter(model.family for model in models())
    told = [(row[0].split(", "), int(row[1])) for row in rows("README.md", "| families | models |")]
    assert sorted(family for families, _ in told for family in families) == sorted(counted)
    assert [count for _, count in told] == [sum(map(counted.get, families)) for families, _ in told]


def test_every_pass_stands_in_the_table_with_its_targets():
    def where(name: str) -> str:
        found = [target for target, names in TARGETS.items() if name in (*FIRST, *names)]
        return "every" if len(found) == len(TARGETS) else ", ".join(found) or "none"

    told = {row[0].strip("`"): row for row in rows("docs/passes.md", "| Pass | Targets |")}
    assert set(told) == set(passes())
    assert not [name for name, row in told.items() if len(row) != 4 or not all(row)]
    assert {name: row[1].partition(", before")[0].partition(", last")[0] for name, row in told.items()} == {
        name: where(name) for name in told
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_passes_stand_in_the_order_in_which_they_run(target):
    order = [row[0].strip("`") for row in rows("docs/passes.md", "| Pass | Targets |")]
    assert [name for name in order if name in TARGETS[target]] == list(TARGETS[target])


def test_the_conditions_of_every_pass_are_its_own_words():
    wanted = {
        name: [f"`{name}`", escaped(one.requires), escaped(one.ensures), escaped(one.mathematics)]
        for name, one in passes().items()
    }
    told = {row[0].strip("`"): row for row in rows("docs/passes.md", "| Pass | Requires |")}
    paste = "\n".join(f"| {' | '.join(row)} |" for name, row in wanted.items() if told.get(name) != row)
    assert told == wanted, f"paste into docs/passes.md:\n{paste}"


def test_every_lowering_of_involutions_and_every_rule_is_told():
    told = [row[0].strip("`") for row in rows("docs/involution.md", "| Name | Operators |")]
    assert sorted(told) == sorted(involutions())
    ruled = [row[1:] for row in rows("docs/involution.md", "| | Lowering | Target |")]
    assert ruled == [
        [
            f"`{rule.lowering}`",
            ", ".join(rule.targets or ("any",)),
            *(str(least) for least in (rule.members, rule.width, rule.pixels)),
            rule.why,
        ]
        for rule in RULES
    ]


def test_a_planted_fault_is_seen():
    assert faults("`latbench measure m`") == ["no command measure: latbench measure m"]
    assert faults("    latbench run m --speed 3") == [
        "latbench run has no --speed:     latbench run m --speed 3"
    ]
    assert faults("```sh\nlatbench --loud list\n```") == ["latbench list has no --loud: latbench --loud list"]
    assert faults("`--no-such-option`") == ["no command has --no-such-option: --no-such-option"]
    assert not faults("`latbench run m --threads 2`, `--opset`, latbench really runs, `make run`")
