from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latbench.machine.files import Tree, cpu_list, cpu_ranges, pairs, whole


@given(st.sets(st.integers(0, 5000)))
def test_cpu_lists_survive_the_round_trip(cpus):
    assert cpu_list(cpu_ranges(cpus)) == tuple(sorted(cpus))


@given(st.text(alphabet="0123456789,- \n²", max_size=12))
def test_a_cpu_list_is_sorted_and_unique_or_nothing(text):
    found = cpu_list(text)
    assert found is None or list(found) == sorted(set(found))


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0-3,8", (0, 1, 2, 3, 8)),
        ("5", (5,)),
        ("", ()),
        ("3-1", None),
        ("0-", None),
        ("-1", None),
        (None, None),
        ("0-99999999999", None),
        ("a", None),
        ("1,,2", None),
        ("²", None),
    ],
)
def test_cpu_lists(text, cpus):
    assert cpu_list(text) == cpus


def test_cpu_ranges_are_short():
    assert cpu_ranges((8, 0, 1, 2, 10, 11)) == "0-2,8,10-11"
    assert cpu_ranges(()) == ""


@given(st.integers(-(2**64) + 1, 2**64 - 1))
def test_whole_numbers_are_read(number):
    assert whole(str(number)) == number


@pytest.mark.parametrize("text", [None, "", "max", "1.5", "²", "1_000", "9" * 5000, str(2**64), "0x10"])
def test_what_is_no_whole_number_is_none(text):
    assert whole(text) is None


@given(st.dictionaries(st.text("abc_", min_size=1), st.text("xyz 123", min_size=1).map(str.strip)))
def test_pairs_survive_the_round_trip(fields):
    assert pairs("\n".join(f"{name}\t: {value}" for name, value in fields.items())) == fields


def test_pairs_keep_the_first_and_pass_over_other_lines():
    assert pairs("a: 1\nnothing\na: 2\nb : c: d\n") == {"a": "1", "b": "c: d"}
    assert pairs("user 12\nsteal\n", None) == {"user": "12"}
    assert pairs(None) == {}


def test_what_cannot_be_read_is_none(machine):
    tree = machine({"proc/number": " 12\n", "proc/words": "a b\n"})
    assert (tree.text("proc/words"), tree.number("proc/number")) == ("a b", 12)
    assert (tree.text("proc/none"), tree.text("proc"), tree.number("proc/words")) == (None, None, None)
    assert tree.names("proc") == ("number", "words")
    assert tree.names("proc/number") == ()
    assert (tree.exists("proc"), tree.exists("sys"), tree.exists("nul\0")) == (True, False, False)
    assert (tree.text("nul\0"), tree.names("nul\0")) == (None, ())


def test_a_folder_that_may_not_be_entered_hides_what_is_in_it(machine, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(Path, "exists", refuse)
    assert not machine({"proc/number": "1"}).exists("proc/number")


def test_bytes_that_are_no_text_are_replaced(machine):
    tree = machine()
    (tree.root / "odd").write_bytes(b"\xff1\n")
    assert tree.text("odd") == "\ufffd1"


def test_only_the_root_is_real(tmp_path):
    assert Tree().real
    assert not Tree(tmp_path).real
