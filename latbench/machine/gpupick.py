"""Which of the cards that NVML knows is the one that CUDA uses."""

from collections.abc import Mapping

from latbench.machine.gpu import Card, Handle, first, on
from latbench.machine.nvml import Nvml


def card(nvml: Nvml, uuid: str | None, environ: Mapping[str, str]) -> Card | str:
    """Return the card that CUDA uses first, or one phrase why it cannot be told which that is.

    `uuid` is what CUDA calls it, None where nobody asked CUDA: then `CUDA_VISIBLE_DEVICES` decides, as far as
    NVML can read it. NVML counts by PCI bus; CUDA puts the fastest first unless told otherwise.
    """
    handles = sorted(nvml.cards, key=lambda handle: _place(nvml, handle))
    if not handles:
        return "the NVIDIA driver shows no card"
    sliced = [handle for handle in handles if _sliced(nvml, handle)]
    wanted = uuid if uuid is not None else environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    if wanted.startswith("MIG-"):
        return _slice(nvml, sliced)
    if uuid is not None or wanted.startswith("GPU-"):
        named = [
            one for one in handles if _digits(nvml.text("nvmlDeviceGetUUID", one)).startswith(_digits(wanted))
        ]
        if len(named) != 1:
            return _slice(nvml, sliced) if sliced else f"NVML knows no card {wanted}"
        return _chosen(nvml, named[0])
    if uuid is None and environ.get("CUDA_VISIBLE_DEVICES") == "":
        return "CUDA_VISIBLE_DEVICES is empty: it hides every card"
    return _numbered(nvml, handles, wanted, environ.get("CUDA_DEVICE_ORDER"))


def _numbered(nvml: Nvml, handles: list[Handle], wanted: str, order: str | None) -> Card | str:
    index = int(wanted) if wanted.isdecimal() else 0
    if (wanted and not wanted.isdecimal()) or index >= len(handles):
        return f"CUDA_VISIBLE_DEVICES={wanted} names no card that NVML has"
    kinds = {nvml.text("nvmlDeviceGetName", handle) for handle in handles}
    if len(kinds) > 1 and order != "PCI_BUS_ID":
        return "cards of several kinds: set CUDA_DEVICE_ORDER=PCI_BUS_ID, or CUDA_VISIBLE_DEVICES to a UUID"
    return _chosen(nvml, handles[index])


def _chosen(nvml: Nvml, handle: Handle) -> Card:
    return Card(nvml, handle, _sliced(nvml, handle))


def _sliced(nvml: Nvml, handle: Handle) -> bool:
    """Tell whether MIG divides the card; where that is not told it does not."""
    return bool(on(first(nvml.ask("nvmlDeviceGetMigMode", handle))))


def _slice(nvml: Nvml, divided: list[Handle]) -> Card | str:
    """Return the card that MIG divides, where there is one only."""
    return Card(nvml, divided[0], True) if len(divided) == 1 else "a MIG slice of a card that cannot be told"


def _place(nvml: Nvml, handle: Handle) -> tuple[int, ...]:
    told = nvml.ask("nvmlDeviceGetPciInfo", handle)
    return () if told is None else (told.domain, told.bus, told.device)


def _digits(text: str | None) -> str:
    """Return the hexadecimal digits of an identifier alone."""
    return (text or "").lower().removeprefix("gpu-").replace("-", "")
