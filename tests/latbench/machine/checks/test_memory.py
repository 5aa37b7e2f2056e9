import pytest

GIB_KB = 1 << 20


def meminfo(available=8.0, swap=0.0, swap_free=0.0):
    told = {"MemTotal": 16, "MemAvailable": available, "SwapTotal": swap, "SwapFree": swap_free}
    return {"proc/meminfo": "".join(f"{name}: {int(gib * GIB_KB)} kB\n" for name, gib in told.items())}


@pytest.mark.parametrize(
    ("available", "status"), [(8, "ok"), (4, "ok"), (3, "warning"), (1, "warning"), (0.9, "problem")]
)
def test_memory_available(asked, available, status):
    found = asked("memory", meminfo(available))
    assert (found.status, found.value) == (status, f"{available:.1f} of 16.0 GiB available")


def test_a_container_limit_is_told(asked, cgroup):
    limits = {"memory.max": str(2 << 30), "memory.current": str(1 << 29)}
    found = asked("memory", meminfo() | cgroup(2, {"": limits}))
    assert (found.status, found.value) == ("warning", "1.5 of 16.0 GiB available, limit 2.0 GiB")


@pytest.mark.parametrize(
    ("swap", "free", "status", "value"),
    [
        (0, 0, "ok", "none"),
        (10, 9.8, "ok", "0.2 of 10.0 GiB used"),
        (10, 5, "warning", "5.0 of 10.0 GiB used"),
    ],
)
def test_swap(asked, swap, free, status, value):
    found = asked("swap", meminfo(swap=swap, swap_free=free))
    assert (found.status, found.value) == (status, value)


@pytest.mark.parametrize(("mode", "status"), [("always", "note"), ("madvise", "ok"), ("never", "note")])
def test_huge_pages(asked, mode, status):
    text = "always madvise never".replace(mode, f"[{mode}]")
    found = asked("huge_pages", {"sys/kernel/mm/transparent_hugepage/enabled": text})
    assert (found.status, found.value) == (status, mode)


@pytest.mark.parametrize("key", ["memory", "swap", "huge_pages"])
def test_untold(asked, key):
    assert asked(key).status == "unknown"
