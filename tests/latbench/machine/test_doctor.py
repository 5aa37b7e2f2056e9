import json
import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.machine import doctor
from latbench.machine.checks import checks
from latbench.machine.checks.base import STATUSES, Finding
from latbench.machine.files import Tree
from latbench.machine.probe import probe
from latbench.machine.witnesses import difference, snapshot

FOUND = (
    Finding("ok", "8 of 8", key="usable_cpus", title="usable CPUs"),
    Finding("warning", "powersave", "the clock is low", "plug it in", "governor", "governor"),
    Finding("unknown", "not told", "heat cannot be seen", None, "thermal", "heat"),
)
TABLE = """\
ok       usable CPUs  8 of 8
warning  governor     powersave
                      why:  the clock is low
                      mend: plug it in
unknown  heat         not told
                      why:  heat cannot be seen

3 checks: 1 warning, 1 unknown, 1 ok
"""
PIECES = (
    *(
        "0",
        "1",
        "-1",
        "max",
        "max 100000",
        "150000 100000",
        "0-3",
        "3-0",
        "0-1,9",
        "[always] never",
        "",
        ":",
        " - ",
    ),
    *("0::/a", "1:cpu:/../x", "30 1 0:1 / /sys/fs/cgroup rw - cgroup2 x rw", "nr_throttled 3", "9" * 30),
    *(
        "cpu  1 2 3 4 5 6 7 8 9",
        "cpu0 1 2 3 4 5 6 7 8",
        "MemTotal: 5 kB",
        "MemAvailable: x kB",
        "flags : avx2 amx_bf16",
    ),
    *(
        "some avg10=99.99 x",
        "0.5 0.6 0.7 1/2 3",
        "performance",
        "powersave",
        "Battery",
        "Discharging",
        "hpet",
    ),
)


def test_the_table_is_aligned_text_with_the_reason_and_the_mend():
    assert doctor.as_table(FOUND) == TABLE


def test_an_ok_finding_stays_on_one_line():
    found = (Finding("ok", "yes", "never shown", "never shown", "a", "a"),)
    assert doctor.as_table(found) == "ok       a  yes\n\n1 checks: 1 ok\n"


def test_no_findings():
    assert doctor.as_table(()) == "\n0 checks: none\n"
    assert json.loads(doctor.as_json(())) == []


@given(st.lists(st.text("ab-,", min_size=1, max_size=9), min_size=1, max_size=60), st.integers(60, 200))
def test_the_table_keeps_every_word_within_its_width(words, width):
    found = (Finding("note", " ".join(words), "\n".join(words), None, "k", "title"),)
    *body, _, _ = doctor.as_table(found, width).splitlines()
    assert max(map(len, body)) <= width
    assert " ".join(body).split() == ["note", "title", *words, "why:", *words]


def test_json_holds_everything():
    assert json.loads(doctor.as_json(FOUND))[1] == {
        "key": "governor",
        "title": "governor",
        "status": "warning",
        "value": "powersave",
        "effect": "the clock is low",
        "mend": "plug it in",
    }


def assert_sound(found):
    keys = [finding.key for finding in found]
    assert keys == [check.key for check in checks() if check.key in keys]
    assert {check.key for check in checks() if not check.key.startswith("gpu_")} <= set(keys)
    for finding in found:
        assert finding.status in STATUSES
        assert finding.title
        assert finding.value
        assert finding.status == "ok" or finding.effect
        assert finding.status in ("ok", "unknown") or finding.mend


def test_this_machine():
    found = doctor.diagnose()
    assert_sound(found)
    assert len(found) >= 20
    assert len(json.loads(doctor.as_json(found))) == len(found)


def test_a_machine_that_tells_nothing(machine):
    found = doctor.diagnose(machine().root, environ={})
    assert_sound(found)
    unknown = {finding.key for finding in found if finding.status == "unknown"}
    assert {
        "governor",
        "turbo",
        "smt",
        "steal",
        "load",
        "memory",
        "swap",
        "clock_source",
        "thermal",
    } <= unknown


def test_the_threads_asked_for_are_weighed(machine, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)

    def usable(threads):
        found = doctor.diagnose(machine().root, threads=threads, environ={})
        return next(finding.status for finding in found if finding.key == "usable_cpus")

    assert (usable(8), usable(9)) == ("ok", "warning")


@given(st.integers(0, 2**32), st.integers(0, 3))
def test_no_content_of_any_file_breaks_anything(seed, lines):
    def text(tree, path):
        chosen = Random(f"{seed}{path}")
        return None if chosen.random() < 0.2 else "\n".join(chosen.choices(PIECES, k=lines)).strip()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tree, "text", text)
        patch.setattr(
            Tree, "names", lambda tree, path: ("BAT0", "cpu0", "policy0", "thermal_zone0", "index0", "7")
        )
        assert_sound(doctor.diagnose("/nowhere", environ={}))
        assert json.dumps(probe("/nowhere", {}), allow_nan=False)
        assert json.dumps(difference(snapshot("/nowhere"), snapshot("/nowhere")), allow_nan=False)


def test_nothing_heavy_is_imported():
    heavy = ("torch", "onnx", "onnxruntime", "openvino", "onnxsim", "pandas", "scipy", "rich")
    code = (
        "import sys\nfrom latbench.machine import doctor, probe, witnesses\n"
        "doctor.diagnose(); probe.probe(); probe.versions(); witnesses.snapshot()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
