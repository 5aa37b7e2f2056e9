"""What a study is: a question, the cells that answer it, and the answer as a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.records import Records

Answer = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question made of many cells.

    The cells are `names` x every combination of `forms` x `runtimes`, which are those for the CPU, each with
    `launches` fresh processes and `iterations` timed inferences over them. `answer` turns the records of the
    run with the given id into rows of plain values, one dict a row, all with the same keys; unknown is None.
    """

    name: str
    question: str
    names: tuple[str, ...]
    answer: Callable[[Records, str], Answer]
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    runtimes: tuple[str, ...] = ("onnxruntime", "openvino")
    threads: int = 1
    launches: int = 5
    iterations: int = 1000
    warmup: int = 50
