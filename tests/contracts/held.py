"""A stand-in for a Python module, held to the real one: each name must be there, and each call must fit.

The real bindings of CUDA and of NVML import without a GPU, so a test can let our code call a fake and look
every call up in the real module: its name, its arguments, and the value of each constant.
"""

import inspect
import re
from types import SimpleNamespace
from typing import Any


class Held:
    """`fake`, whose every use is looked up in `real`; `used` holds the names, `faults` what does not fit."""

    def __init__(self, real: Any, fake: Any, functions: str) -> None:
        self.real, self.fake, self.functions = real, fake, re.compile(functions)
        self.used: set[str] = set()
        self.faults: list[str] = []

    def __getattr__(self, name: str) -> Any:
        answer = getattr(self.fake, name)
        if name.startswith("__"):
            return answer
        self.used.add(name)
        if not hasattr(self.real, name):
            self.faults.append(f"{name} is not there")
            return answer
        if self.functions.match(name) and inspect.isroutine(getattr(self.real, name)):
            return self._call(name, answer)
        self._same(name, getattr(self.real, name), answer)
        return answer

    def _call(self, name: str, function: Any) -> Any:
        signature = inspect.signature(getattr(self.real, name))

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                signature.bind(*arguments, **named)
            except TypeError as error:
                self.faults.append(f"{name}{signature}: {error}")
            return function(*arguments, **named)

        return call

    def _same(self, name: str, real: Any, fake: Any) -> None:
        """Compare constants, and the members of enumerations that the fake has."""
        if isinstance(fake, int) and real != fake:
            self.faults.append(f"{name} is {real}, the fake says {fake}")
        if isinstance(fake, type) and issubclass(fake, int):
            members = {member.name: int(member) for member in fake}
        else:
            members = vars(fake) if isinstance(fake, SimpleNamespace) else {}
        for member, value in members.items():
            there = getattr(real, member, None)
            if there is None or int(there) != value:
                self.faults.append(f"{name}.{member} is {there}, the fake says {value}")


def words(source: str, pattern: str) -> set[str]:
    """Return the words of a source that match `pattern`, as identifiers or as strings."""
    return set(re.findall(rf"\b{pattern}\b", source))
