"""The processor's name and the instruction sets that change how fast a network runs."""

from latbench.machine.files import Tree, pairs

_MATTER = {
    "avx2": ("avx2",),
    "avx512f": ("avx512f",),
    "avx512_bf16": ("avx512_bf16",),
    "amx_tile": ("amx_tile",),
    "amx_bf16": ("amx_bf16",),
    "vnni": ("avx512_vnni", "avx_vnni"),
    "neon": ("asimd", "neon"),
    "sve": ("sve",),
    "bf16": ("bf16",),
    "i8mm": ("i8mm",),
}
"""Our name of an instruction set: the flags of /proc/cpuinfo that stand for it (x86, then ARM)."""

BF16 = ("avx512_bf16", "amx_bf16", "bf16")
"""The instruction sets that compute in bfloat16."""


def flags(tree: Tree) -> frozenset[str] | None:
    """Return every flag of the first processor as the kernel names it, None when it does not tell."""
    told = pairs(tree.text("proc/cpuinfo"))
    found = told.get("flags", told.get("Features"))
    return None if found is None else frozenset(found.split())


def instruction_sets(tree: Tree) -> list[str] | None:
    """Return our names of the instruction sets that matter and are present, None when unknown."""
    present = flags(tree)
    if present is None:
        return None
    return [name for name, any_of in _MATTER.items() if not present.isdisjoint(any_of)]


def model(tree: Tree) -> str | None:
    """Return the processor's name; on ARM boards the board's name or the codes of implementer and part."""
    told = pairs(tree.text("proc/cpuinfo"))
    board = (tree.text("proc/device-tree/model") or "").strip("\0")
    codes = [told[name] for name in ("CPU implementer", "CPU part") if told.get(name)]
    named = told.get("model name") or told.get("Model") or board or told.get("Hardware")
    return named or (f"ARM {' '.join(codes)}" if codes else None)
