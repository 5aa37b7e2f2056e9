import pytest


def seen(processes, mib):
    return {"witnesses": {"gpu_other_processes": processes, "gpu_other_memory_mib": mib}}


@pytest.mark.parametrize(
    ("launches", "figure"),
    [
        ([seen(0, 3.0), seen(0, 1023.0)], None),
        ([seen(None, None)], None),
        ([{}], None),
        ([seen(0, 3.0), seen(2, 3.0), seen(1, 9000.0)], "2"),
        ([seen(0, 3.0), seen(0, 9000.4)], "9000MiB"),
        ([seen(None, 1024.0)], "1024MiB"),
    ],
)
def test_processes_or_else_memory(fires, launches, figure):
    assert fires("gpu_shared", *launches) == figure
