"""Memory: enough of it, not on disk, and in pages of which size."""

from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.memory import memory

_GIB = 1 << 30
_SCARCE, _LITTLE = 1 * _GIB, 4 * _GIB
_SWAPPED_SHARE = 0.05


def _available(context: Context) -> Finding:
    found = memory(context.tree)
    if found.available is None:
        return untold("whether exports and launches find enough memory cannot be seen")
    of = f" of {found.total / _GIB:.1f}" if found.total else ""
    limit = f", limit {found.limit / _GIB:.1f} GiB" if found.limit is not None else ""
    value = f"{found.available / _GIB:.1f}{of} GiB available{limit}"
    if found.available >= _LITTLE:
        return Finding("ok", value)
    status = "problem" if found.available < _SCARCE else "warning"
    effect = "an export with PyTorch takes 1 to 2 GiB; large models may end as oom"
    return Finding(status, value, effect, "close other programs, or raise the container's memory limit")


def _swap(context: Context) -> Finding:
    found = memory(context.tree)
    if found.swap_total is None or found.swap_used is None:
        return untold("whether memory lies on disk cannot be seen")
    if found.swap_total == 0:
        return Finding("ok", "none")
    value = f"{found.swap_used / _GIB:.1f} of {found.swap_total / _GIB:.1f} GiB used"
    if found.swap_used <= _SWAPPED_SHARE * found.swap_total:
        return Finding("ok", value)
    effect = "pages fetched back from disk show as samples that are a thousand times slower"
    return Finding("warning", value, effect, "free memory, then sudo swapoff -a && sudo swapon -a")


def _huge_pages(context: Context) -> Finding:
    mode = memory(context.tree).huge_pages
    if mode is None:
        return untold("the size of memory pages cannot be seen")
    if mode == "never":
        effect = "large weights take more address translations: slower than a machine that has huge pages"
        mend = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled, if deployment has it"
        return Finding("note", mode, effect, mend)
    if mode == "always":
        effect = "whether an allocation gets huge pages varies: one reason why launches differ"
        return Finding("note", mode, effect, "more launches average over it")
    return Finding("ok", mode)


CHECK = (
    Check("memory", "memory", _available),
    Check("swap", "swap", _swap),
    Check("huge_pages", "transparent huge pages", _huge_pages),
)
