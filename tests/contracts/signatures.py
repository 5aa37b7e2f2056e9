"""The signatures that pybind11 writes at the head of a docstring, read and held against a call."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

OVERLOAD = re.compile(r"^(?:\d+\. )?(\w+)(\(.*\)) -> (.+)$")
OPEN, SHUT = "([{<", ")]}>"


@dataclass(frozen=True)
class Signature:
    """One overload: its parameters without `self`, and the last word of the type it returns.

    Attributes:
        names: of the parameters, in order; "" for one that has none.
        needed: how many of them have no default.
        types: theirs, as written; "" where none is.
        open: whether it takes any arguments at all (`*args`).
    """

    names: tuple[str, ...]
    needed: int
    types: tuple[str, ...]
    returns: str
    open: bool = False

    def takes(self, positional: int, keywords: Collection[str] = ()) -> bool:
        """Tell whether a call with so many arguments by position and these by name fits."""
        if self.open:
            return True
        given = set(self.names[:positional])
        if positional > len(self.names) or given & set(keywords) or not set(keywords) <= set(self.names):
            return False
        return set(self.names[: self.needed]) <= given | set(keywords)


def read(docstring: str) -> tuple[Signature, ...]:
    """Return every overload that a docstring of pybind11 tells; () when it has none."""
    lines = docstring.splitlines()
    overloaded = len(lines) > 1 and lines[1].startswith("Overloaded function")
    heads = [line for line in lines if re.match(r"\d+\. \w+\(", line)] if overloaded else lines[:1]
    return tuple(_one(found) for found in map(OVERLOAD.match, heads) if found)


def _one(found: re.Match[str]) -> Signature:
    names, types, needed, free = [], [], 0, False
    for part in parts(found[2][1:-1]):
        before, _, default = _cut(part, "=")
        name, _, kind = (word.strip() for word in _cut(before, ":"))
        if name == "self" or name in {"/", "*"}:
            continue
        if name.startswith("*"):
            free = True
            continue
        if not kind and not name.isidentifier():  # a type without a name
            name, kind = "", name
        names.append(name)
        types.append(kind)
        needed += not default
    return Signature(tuple(names), needed, tuple(types), last(found[3]), free)


def parts(listed: str) -> Iterator[str]:
    """Yield what stands between the commas that no bracket holds."""
    depth, begun = 0, 0
    for index, sign in enumerate(listed):
        depth += (sign in OPEN) - (sign in SHUT)
        if sign == "," and not depth:
            yield listed[begun:index].strip()
            begun = index + 1
    if listed[begun:].strip():
        yield listed[begun:].strip()


def _cut(text: str, mark: str) -> tuple[str, str, str]:
    """Return `text` cut at the first `mark` that no bracket holds."""
    depth = 0
    for index, sign in enumerate(text):
        depth += (sign in OPEN) - (sign in SHUT)
        if sign == mark and not depth:
            return text[:index], mark, text[index + 1 :]
    return text, "", ""


def last(kind: str) -> str:
    """Return the last word of a dotted type: "IHostMemory" of "tensorrt.tensorrt.IHostMemory"."""
    return kind.strip().rpartition(".")[2] if "[" not in kind else kind.strip()
