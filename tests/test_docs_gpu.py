"""The page about GPUs: it names every runtime and option there is, and says plainly what was not run."""

import re
from pathlib import Path

from latbench import runtimes

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "gpu.md").read_text("utf-8")
ON_GPU = {
    name: runtime
    for name, runtime in runtimes.runtimes().items()
    if name != "fake" and "cuda" in runtime.devices
}


def cells(line):
    return tuple(cell.strip() for cell in line.strip("|").split(" | "))


def test_every_option_of_a_gpu_runtime_stands_there_as_it_is():
    told = {cells(line) for line in PAGE.splitlines() if re.match(r"\| `\w+\.\w+` \|", line)}
    switch = {True: "on", False: "off"}
    assert told == {
        (
            f"`{name}.{word}`",
            switch[knob.default] if isinstance(knob.default, bool) else str(knob.default),
            knob.allowed,
            knob.about,
        )
        for name, runtime in ON_GPU.items()
        for word, knob in runtime.knobs.items()
    }


def test_every_runtime_and_precision_is_told():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == {*ON_GPU, "tf32"}
    asked = set().union(*(runtime.precisions for runtime in ON_GPU.values()))
    assert not [name for name in asked if f"`{name}`" not in PAGE]


def test_results_of_a_gpu_and_the_words_that_there_are_none_exclude_one_another():
    csvs = [
        path for path in (ROOT / "results").rglob("*.csv") if re.search(r",cuda(:\d+)?,", path.read_text())
    ]
    none = "Nothing in this repository has run on a GPU yet"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [none in page for page in (PAGE, readme)] == [not csvs] * 2, "say in both what has been run"
