import pytest

from latbench.machine.topology import caches, one_per_core, topology

CPU = "sys/devices/system/cpu/cpu{}"


def test_two_sockets_with_two_threads_a_core(machine, layout):
    nodes = {
        "sys/devices/system/node/online": "0-1\n",
        "sys/devices/system/node/node0/cpulist": "0-1,4-5\n",
        "sys/devices/system/node/node1/cpulist": "2-3,6-7\n",
    }
    found = topology(machine(layout(8, threads_a_core=2, packages=2), nodes))
    assert found.online == tuple(range(8))
    assert found.cores == ((0, 4), (1, 5), (2, 6), (3, 7))
    assert (found.sockets, found.smt, found.kinds) == (2, True, {})
    assert found.nodes == {0: (0, 1, 4, 5), 1: (2, 3, 6, 7)}


def test_older_kernels_name_the_siblings_otherwise(machine):
    tree = machine(
        {"sys/devices/system/cpu/online": "0", f"{CPU}/topology/thread_siblings_list".format(0): "0"}
    )
    found = topology(tree)
    assert (found.cores, found.smt, found.sockets) == (((0,),), False, None)


def test_the_kernel_has_the_word_on_smt(machine, layout):
    assert topology(machine(layout(4, 2), {"sys/devices/system/cpu/smt/active": "0\n"})).smt is False


def test_what_is_not_told_is_none(machine):
    found = topology(machine({"sys/devices/system/cpu/online": "0-1"}))
    assert (found.cores, found.sockets, found.smt, found.kinds, found.nodes) == (None, None, None, {}, {})


def test_cores_are_unknown_when_one_cpu_does_not_tell(machine, layout):
    assert topology(machine(layout(2), {"sys/devices/system/cpu/online": "0-2"})).cores is None


def test_intel_names_performance_and_efficiency_cores(machine, layout):
    kinds = {"sys/devices/cpu_core/cpus": "0-3\n", "sys/devices/cpu_atom/cpus": "4-7\n"}
    found = topology(machine(layout(8), kinds)).kinds
    assert found == {"performance": (0, 1, 2, 3), "efficiency": (4, 5, 6, 7)}


@pytest.mark.parametrize(
    ("capacities", "kinds"),
    [
        ((446, 446, 1024), {"capacity 1024": (2,), "capacity 446": (0, 1)}),
        ((1024, 1024, 1024), {}),
        ((446, 1024), {}),
    ],
)
def test_arm_tells_kinds_by_capacity(machine, layout, capacities, kinds):
    told = {f"{CPU.format(cpu)}/cpu_capacity": str(value) for cpu, value in enumerate(capacities)}
    assert topology(machine(layout(3), told)).kinds == kinds


def test_one_cpu_per_core_among_those_allowed():
    cores = ((0, 4), (1, 5), (2, 6))
    assert one_per_core(cores, (0, 1, 2, 4, 5, 6)) == (0, 1, 2)
    assert one_per_core(cores, (4, 5, 6)) == (4, 5, 6)
    assert one_per_core(cores, (0, 4)) == (0,)


def test_caches_are_counted_once_each(machine, layout):
    def cache(cpu, index, *told):
        names = ("level", "type", "size", "shared_cpu_list")
        folder = f"{CPU.format(cpu)}/cache/index{index}"
        return {f"{folder}/{name}": f"{text}\n" for name, text in zip(names, told, strict=True)}

    parts = [
        *(cache(cpu, 0, "1", "Data", "32K", str(cpu)) for cpu in (0, 1)),
        cache(0, 1, "1", "Instruction", "64K", "0"),
        *(cache(cpu, 3, "3", "Unified", "32M", "0-1") for cpu in (0, 1)),
        cache(1, 4, "4", "Unified", "lots", "0-1"),
    ]
    assert caches(machine(layout(2), *parts)) == [
        {"name": "L1d", "bytes": 32 << 10, "count": 2},
        {"name": "L1i", "bytes": 64 << 10, "count": 1},
        {"name": "L3", "bytes": 32 << 20, "count": 1},
    ]


def test_untold_caches_are_none(machine, layout):
    assert caches(machine(layout(2))) is None
