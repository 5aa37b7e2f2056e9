from latbench.machine.environment import speed_variables


def test_variables_of_thread_libraries_and_allocators_are_found():
    environ = {
        "PATH": "/bin",
        "OMP_NUM_THREADS": "1",
        "KMP_BLOCKTIME": "0",
        "GOMP_SPINCOUNT": "5",
        "LD_PRELOAD": "libjemalloc.so",
        "MKL_NUM_THREADS": "2",
        "COMP_X": "",
    }
    found = speed_variables(environ)
    assert list(found) == [
        "GOMP_SPINCOUNT",
        "KMP_BLOCKTIME",
        "LD_PRELOAD",
        "MKL_NUM_THREADS",
        "OMP_NUM_THREADS",
    ]
    assert found["OMP_NUM_THREADS"] == "1"
    assert speed_variables({}) == {}
