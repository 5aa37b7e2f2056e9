from types import SimpleNamespace

import pytest

from latbench.machine.gpu import Card
from latbench.machine.gpupick import card
from latbench.machine.nvml import Nvml


def at(bus):
    return SimpleNamespace(domain=0, bus=bus, device=0)


@pytest.fixture
def pick(nvml, h):
    """Return the name or the reason, of a machine with cards (name, uuid, bus, mig)."""

    def find(*cards, uuid=None, **environ):
        answers = [
            h(
                nvmlDeviceGetName=name,
                nvmlDeviceGetUUID=one,
                nvmlDeviceGetPciInfo=at(bus),
                nvmlDeviceGetMigMode=[(mig, mig)],
            )
            for name, one, bus, mig in cards
        ]
        found = Nvml(nvml(*answers))
        chosen = card(found, uuid, environ)
        if isinstance(chosen, Card):
            return found.text("nvmlDeviceGetUUID", chosen.handle), chosen.slice
        return chosen

    return find


ONE = (("A", "GPU-a1-0", 4, 0),)
TWINS = (("A", "GPU-a1-0", 9, 0), ("A", "GPU-a2-0", 4, 0))
MIXED = (("A", "GPU-a1-0", 4, 0), ("B", "GPU-b2-0", 9, 0))
DIVIDED = (("A", "GPU-a1-0", 4, 1), ("A", "GPU-a2-0", 9, 0))


@pytest.mark.parametrize(
    ("cards", "environ", "found"),
    [
        (ONE, {}, ("GPU-a1-0", False)),
        (ONE, {"CUDA_VISIBLE_DEVICES": "0"}, ("GPU-a1-0", False)),
        (TWINS, {}, ("GPU-a2-0", False)),
        (TWINS, {"CUDA_VISIBLE_DEVICES": "1,0"}, ("GPU-a1-0", False)),
        (TWINS, {"CUDA_VISIBLE_DEVICES": "GPU-a1"}, ("GPU-a1-0", False)),
        (MIXED, {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"}, ("GPU-b2-0", False)),
        (MIXED, {"uuid": "GPU-b2-0"}, ("GPU-b2-0", False)),
        (MIXED, {"uuid": "b20", "CUDA_VISIBLE_DEVICES": "0"}, ("GPU-b2-0", False)),
        (DIVIDED, {"CUDA_VISIBLE_DEVICES": "MIG-77"}, ("GPU-a1-0", True)),
        (DIVIDED, {}, ("GPU-a1-0", True)),
        (DIVIDED, {"uuid": "GPU-77"}, ("GPU-a1-0", True)),
    ],
)
def test_the_card_that_cuda_uses(pick, cards, environ, found):
    assert pick(*cards, **environ) == found


@pytest.mark.parametrize(
    ("cards", "environ", "phrase"),
    [
        ((), {}, "shows no card"),
        (ONE, {"CUDA_VISIBLE_DEVICES": ""}, "hides every card"),
        (ONE, {"CUDA_VISIBLE_DEVICES": "3"}, "names no card"),
        (ONE, {"CUDA_VISIBLE_DEVICES": "-1"}, "names no card"),
        (ONE, {"CUDA_VISIBLE_DEVICES": "GPU-ff"}, "knows no card GPU-ff"),
        (ONE, {"uuid": "GPU-ff"}, "knows no card GPU-ff"),
        (MIXED, {}, "PCI_BUS_ID"),
        (TWINS, {"CUDA_VISIBLE_DEVICES": "GPU-a"}, "knows no card GPU-a"),
        (TWINS, {"CUDA_VISIBLE_DEVICES": "MIG-77"}, "cannot be told"),
    ],
)
def test_one_phrase_where_it_cannot_be_told(pick, cards, environ, phrase):
    assert phrase in pick(*cards, **environ)
