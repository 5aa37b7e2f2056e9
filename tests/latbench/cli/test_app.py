import os
import subprocess
import sys

import pytest

import latbench as package
from exporters.errors import ExportError, InputError
from latbench.cli.app import app, flowing, judged
from latbench.errors import BadInput, EnvironmentFault, Exit

HEAVY = ("torch", "pandas", "onnx", "onnxscript", "onnxsim", "onnxruntime", "openvino", "scipy")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["list"], ["--version"]])
def test_light_commands_import_nothing_heavy(words):
    code = (
        "import sys; from latbench.cli.app import invoke; "
        f"code = invoke({words!r}); heavy = [name for name in {HEAVY!r} if name in sys.modules]; "
        "print(heavy, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


def test_python_m_latbench_is_latbench():
    done = subprocess.run(
        [sys.executable, "-m", "latbench", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"latbench {package.__version__}\n")


def test_help_lists_every_command_and_the_exit_codes(latbench):
    code, out, err = latbench("--help")
    assert (code, err) == (0, "")
    for word in ("list", "export", "run", "table", "doctor", "study", "130 interrupted"):
        assert word in " ".join(out.split())


def test_nothing_asked_shows_the_help(latbench):
    _, out, err = latbench()
    assert "Usage" in out + err


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["nonsense"], "latbench"),
        (["run", "--nonsense"], "latbench run"),
        (["run", "--threads", "many"], "latbench run"),
        (["table"], "latbench table"),
        (["--threads"], "latbench"),
    ],
)
def test_a_wrong_word_is_bad_input_and_told_where_the_right_ones_are(refused, words, command):
    assert refused(2, *words).endswith(f"; `{command} --help` tells what there is.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("no."), Exit.BAD_INPUT),
        (EnvironmentFault("no."), Exit.ENVIRONMENT),
        (ExportError("no."), Exit.EXPORT_REFUSED),
        (InputError("no."), Exit.BAD_INPUT),
    ],
)
def test_each_fault_has_its_exit_code(error, code):
    assert judged(error) == ("no.", code)


def failing(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("latbench.zoo.registry.models", fail)


def test_an_unexpected_error_is_one_sentence_that_names_debug(monkeypatch, refused):
    failing(monkeypatch, ZeroDivisionError("a\nb"))
    assert "ZeroDivisionError: a b" in refused(70, "list")


def test_debug_shows_the_traceback(monkeypatch, latbench):
    failing(monkeypatch, ZeroDivisionError("oh"))
    code, _, err = latbench("--debug", "list")
    assert code == 70
    assert "Traceback" in err


def test_an_interrupt_ends_with_130(monkeypatch, refused):
    failing(monkeypatch, KeyboardInterrupt())
    assert refused(130, "list").endswith("Interrupted.")


def test_a_reader_that_goes_away_is_no_error():
    gone, end = os.pipe()
    os.close(gone)
    command = [sys.executable, "-m", "latbench", "list", "--format", "csv"]
    with os.fdopen(end, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_application_is_built_once():
    assert app() is app()


def test_help_flows_by_paragraph():
    assert flowing("One\n    two.\n\n    Three.\n    ") == "One two.\n\nThree."


def test_defaults_that_are_not_values_survive_the_markup(latbench):
    _, out, _ = latbench("run", "--help")
    assert "(default: the whole zoo)" in " ".join(out.replace("│", " ").split())
