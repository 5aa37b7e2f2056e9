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


def test_of_cuda_what_changes_speed_or_exactness_and_not_what_names_a_card_or_a_folder():
    environ = {
        "CUDA_HOME": "/cuda",
        "CUDA_VISIBLE_DEVICES": "1",
        "CUDA_LAUNCH_BLOCKING": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "NVIDIA_TF32_OVERRIDE": "1",
        "NVIDIA_VISIBLE_DEVICES": "all",
    }
    assert list(speed_variables(environ)) == [
        "CUBLAS_WORKSPACE_CONFIG",
        "CUDA_LAUNCH_BLOCKING",
        "NVIDIA_TF32_OVERRIDE",
    ]
