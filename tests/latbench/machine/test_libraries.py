from latbench.machine.libraries import Libraries


def files(*paths):
    return dict.fromkeys(paths, "")


def test_the_first_folder_counts_in_the_order_of_the_loader(machine, tmp_path):
    tree = machine(
        files("usr/lib64/libcudart.so.12", "opt/cuda/libcudart.so.12", "opt/cuda/libcudart.so.13"),
        {"etc/ld.so.conf.d/cuda.conf": "# a comment\n/opt/cuda\n"},
    )
    found = Libraries(tree, {}).find("libcudart", (12, 13))
    assert found == dict.fromkeys(("libcudart.so.12", "libcudart.so.13"), tree.root / "opt/cuda")
    own = tmp_path / "own"
    own.mkdir()
    (own / "libcudart.so.13").touch()
    found = Libraries(tree, {"LD_LIBRARY_PATH": f":{own}"}).find("libcudart", (13,))
    assert found == {"libcudart.so.13": own}


def test_wheels_are_searched(machine, tmp_path):
    for name in ("nvidia/cublas/lib/libcublas.so.12", "tensorrt_libs/libnvinfer.so.10"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    libraries = Libraries(machine(), {}, tmp_path)
    assert libraries.find("libcublas", (12, 13)) == {"libcublas.so.12": tmp_path / "nvidia/cublas/lib"}
    assert libraries.find("libnvinfer", (10, 11)) == {"libnvinfer.so.10": tmp_path / "tensorrt_libs"}


def test_what_is_nowhere_is_not_found(machine):
    assert Libraries(machine(), {"LD_LIBRARY_PATH": "/no/such\0folder"}).find("libcudnn", (9,)) == {}
    assert Libraries(machine(files("usr/lib/libcudnn.so.8")), {}).find("libcudnn", (9,)) == {}
