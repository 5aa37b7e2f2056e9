"""A factory written as one word: "package.module:make", "file.py:make", with arguments in parentheses."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.errors import BadInput

_PLACE = re.compile(r"(?P<module>[^\W\d][\w.]*|[^():]*\.py):(?P<attribute>[^\W\d][\w.]*)")
_SUFFIX = ".py"


@dataclass(frozen=True)
class FactoryName:
    """Where a callable is found, and what it is called with.

    `module` is dotted, or the path of a Python file (`is_file`).
    """

    module: str
    attribute: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether `module` is the path of a file."""
        return self.module.endswith(_SUFFIX)


def is_factory(text: str) -> bool:
    """Tell whether `text` is meant as a factory: something, a colon, something."""
    return ":" in text.partition("(")[0]


def parse(text: str) -> FactoryName:
    """Return what "package.module:make(depth=3,name=tiny)" says.

    Arguments are Python literals; a plain word (letters, digits and _ . / - after a letter) is the text that
    it reads. BadInput says what cannot be read, and how to write it.
    """
    place, sign, rest = text.partition("(")
    found = _PLACE.fullmatch(place)
    if not found or (sign and not rest.endswith(")")):
        raise BadInput(
            f"{text!r} is no factory; write package.module:factory or path/to/file.py:factory, with "
            "arguments if need be, for example mymodels.tiny:make(depth=3)."
        )
    args, kwargs = _arguments(rest[:-1], text) if sign else ((), {})
    return FactoryName(found["module"], found["attribute"], args, kwargs)


def _arguments(words: str, text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    try:
        call = ast.parse(f"f({_quoted(words)})", mode="eval").body
    except (SyntaxError, ValueError):
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise BadInput(
            f"The arguments of {text} cannot be read; write numbers, True, None, lists or 'text', separated "
            "by commas, as in make(depth=3,name='tiny')."
        )
    kwargs: dict[str, Any] = {}
    for one in call.keywords:
        if one.arg is None or one.arg in kwargs:
            raise BadInput(f"{text} gives {one.arg or '**'} twice or without a name; write name=value once.")
        kwargs[one.arg] = _value(one.value, text)
    return tuple(_value(one, text) for one in call.args), kwargs


def _quoted(words: str) -> str:
    """Return `words` with quotes around the plain ones among the values: a, size=b-1 as 'a', size='b-1'."""
    parts = re.split(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", words)
    return "".join(part if at % 2 else _WORD.sub(_quote, part) for at, part in enumerate(parts))


_WORD = re.compile(r"(?:(?<=[,=(\[{:])|^)(?P<space>\s*)(?P<word>[^\W\d][\w./-]*)(?P<after>\s*)(?=[,)\]}]|$)")
_LITERALS = frozenset({"True", "False", "None"})


def _quote(found: re.Match[str]) -> str:
    word = found["word"]
    return f"{found['space']}{word if word in _LITERALS else repr(word)}{found['after']}"


def _value(node: ast.expr, text: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        said = ast.unparse(node)
        raise BadInput(
            f"{text}: {said} is no literal; write a number, True, None, a list or text in quotes."
        ) from None
