"""What a lowering of involutions is called, on the command line as in a manifest."""

from collections.abc import Collection, Iterator

from exporters.errors import InputError
from exporters.involution import lowerings
from exporters.involution.base import AUTO, UNFOLD


class Values(Collection[str]):
    """Every value that the option naming a lowering takes, `auto` first."""

    def __contains__(self, text: object) -> bool:
        return text == AUTO or text in lowerings()

    def __iter__(self) -> Iterator[str]:
        yield from (AUTO, UNFOLD)
        yield from (name for name in lowerings() if name != UNFOLD)

    def __len__(self) -> int:
        return len(lowerings()) + 1


VALUES = Values()


def check(text: str) -> None:
    """Return None where `text` names a lowering or is `auto`; InputError lists what there is."""
    if text not in VALUES:
        raise InputError(f"There is no lowering {text!r} of involutions; use one of: {', '.join(VALUES)}.")
