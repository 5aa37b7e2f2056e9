import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.cli import terminal


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (40.4, "40 s"),
        (119, "2 min"),
        (3000, "50 min"),
        (7800, "2 h 10 min"),
        (86400, "24 h 00 min"),
    ],
)
def test_durations_read_as_words(seconds, words):
    assert terminal.duration(seconds) == words


@given(st.floats(0, 10**7))
def test_every_duration_has_a_unit(seconds):
    assert terminal.duration(seconds).endswith((" s", " min"))


def test_a_pipe_has_neither_width_nor_colour(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert terminal.width() is None
    assert terminal.color() is False


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.color() is False
    monkeypatch.delenv("NO_COLOR")
    assert terminal.color() is True


def test_a_dumb_terminal_does_not_move(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.moves() is False


def test_messages_go_to_stderr(capsys):
    terminal.say("words")
    assert capsys.readouterr() == ("", "words\n")


@pytest.mark.parametrize(
    ("encoding", "plain"), [("utf-8", False), ("ascii", True), ("latin-1", True), (None, True), ("odd", True)]
)
def test_blocks_are_plain_where_stdout_cannot_show_them(monkeypatch, encoding, plain):
    monkeypatch.setattr(sys, "stdout", type("Out", (), {"encoding": encoding})())
    assert terminal.blocks().isascii() is plain
