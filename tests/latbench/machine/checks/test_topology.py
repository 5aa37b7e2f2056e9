import pytest


def allow(cpus):
    return {"proc/self/status": f"Cpus_allowed_list:\t{cpus}\n"}


@pytest.mark.parametrize(
    ("allowed", "threads", "status"),
    [
        ("0-7", 4, "note"),
        ("0-7", 6, "warning"),
        ("0-3", 4, "ok"),
        ("0-3", 6, "ok"),
        ("0,1,4,5", 4, "warning"),
    ],
)
def test_hardware_threads_against_the_threads_asked_for(asked, layout, allowed, threads, status):
    assert asked("smt", layout(8, 2) | allow(allowed), threads=threads).status == status


def test_hardware_threads_are_counted(asked, layout):
    assert asked("smt", layout(8, 2)).value == "on: 8 hardware threads on 4 cores"
    none_shared = "on: 4 hardware threads on 4 cores, none shared by the CPUs allowed"
    assert asked("smt", layout(8, 2) | allow("0-3")).value == none_shared


def test_the_mend_names_one_cpu_per_core(asked, layout):
    assert asked("smt", layout(8, 2)).mend == "taskset -c 0-3 latbench run --threads 4"
    assert asked("smt", layout(8, 2) | allow("1,2,5,6")).mend == "taskset -c 1-2 latbench run --threads 2"


def test_hardware_threads_off_or_placed_unknown(asked, layout):
    assert asked("smt", layout(4)).status == "ok"
    assert asked("smt", {"sys/devices/system/cpu/smt/active": "1"}).status == "note"


def test_hardware_threads_untold(asked):
    assert asked("smt").status == "unknown"


HYBRID = {"sys/devices/cpu_core/cpus": "0-3", "sys/devices/cpu_atom/cpus": "4-11"}


def test_performance_and_efficiency_cores(asked, layout):
    found = asked("core_kinds", layout(12) | HYBRID)
    assert (found.status, found.value) == ("warning", "performance: 0-3, efficiency: 4-11")
    assert found.mend == "taskset -c 0-3 latbench run --threads 4"


def test_one_kind_chosen_out_of_two(asked, layout):
    found = asked("core_kinds", layout(12) | HYBRID | allow("0-2"))
    assert (found.status, found.value) == ("ok", "performance: 0-2 only")


def test_big_and_little_arm_cores(asked, layout):
    capacities = {
        f"sys/devices/system/cpu/cpu{cpu}/cpu_capacity": "446" if cpu < 4 else "1024" for cpu in range(6)
    }
    found = asked("core_kinds", layout(6) | capacities)
    assert found.value == "capacity 1024: 4-5, capacity 446: 0-3"
    assert found.mend == "taskset -c 4-5 latbench run --threads 2"


def test_cores_of_one_kind(asked, layout):
    assert asked("core_kinds", layout(4)).status == "ok"


NODES = {
    "sys/devices/system/node/online": "0-1",
    "sys/devices/system/node/node0/cpulist": "0-1",
    "sys/devices/system/node/node1/cpulist": "2-7",
}


def test_cpus_of_two_memory_nodes(asked, layout):
    found = asked("numa", layout(8) | NODES)
    assert (found.status, found.value) == ("warning", "CPUs of 2 nodes allowed")
    assert found.mend == "numactl --cpunodebind=1 --membind=1 latbench run --threads 4"


def test_one_memory_node(asked, layout):
    assert asked("numa", layout(8) | NODES | allow("4-7")).value == "2 nodes, one used"
    one = {"sys/devices/system/node/online": "0", "sys/devices/system/node/node0/cpulist": "0-7"}
    assert asked("numa", layout(8) | one).value == "1 node, one used"


def test_memory_nodes_untold(asked, layout):
    assert asked("numa", layout(8)).status == "unknown"
