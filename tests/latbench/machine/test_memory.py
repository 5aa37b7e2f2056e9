from latbench.machine.memory import Memory, memory

MEMINFO = "MemTotal: 2000 kB\nMemAvailable: 1500 kB\nSwapTotal: 100 kB\nSwapFree: 40 kB\nHugePages_Total: 0\n"
THP = "sys/kernel/mm/transparent_hugepage/enabled"


def test_memory_in_bytes(machine):
    tree = machine({"proc/meminfo": MEMINFO, THP: "always [madvise] never\n"})
    assert memory(tree) == Memory(2048000, 1536000, None, 102400, 61440, "madvise")


def test_a_cgroup_limit_lowers_what_is_available(machine, cgroup):
    limits = {"memory.max": "1000000", "memory.current": "400000"}
    found = memory(machine({"proc/meminfo": MEMINFO}, cgroup(2, {"": limits})))
    assert (found.available, found.limit) == (600000, 1000000)


def test_nothing_told_is_none(machine):
    assert memory(machine()) == Memory(None, None, None, None, None, None)
    assert memory(machine({"proc/meminfo": "MemTotal: much kB\n", THP: "always"})).total is None
