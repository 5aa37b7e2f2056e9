import pytest


@pytest.mark.parametrize(
    ("key", "module", "extra"),
    [
        ("onnxruntime", "onnxruntime", "onnxruntime"),
        ("openvino", "openvino", "openvino"),
        ("pytorch", "torch", "torch"),
        ("tables", "pandas", "tables"),
    ],
)
def test_a_package_installed_or_missing(asked, key, module, extra):
    found = asked(key, versions={module: "1.2"}, modules={module})
    assert (found.status, found.value) == ("ok", f"{module} 1.2")
    found = asked(key)
    assert (found.status, found.value) == ("warning", f"{module} not installed")
    assert found.mend == f'pip install "latbench[{extra}]"'


def test_one_export_tool_missing(asked):
    found = asked("export", versions={"onnx": "1.20", "onnxsim": "0.8"}, modules={"onnx", "onnxsim"})
    assert (found.status, found.value) == ("warning", "onnx 1.20, onnxsim 0.8, onnxscript not installed")
    assert found.mend == 'pip install "latbench[export]"'


def test_a_broken_installation(asked):
    found = asked("openvino", versions={"openvino": "1.2"})
    assert found.status == "problem"
    assert found.mend == 'pip install "latbench[openvino]" --force-reinstall'


def test_a_module_without_a_version(asked):
    found = asked("openvino", modules={"openvino"})
    assert (found.status, found.value) == ("ok", "openvino (version untold)")


def test_the_gpu_build_counts_as_onnxruntime(asked):
    found = asked("onnxruntime", versions={"onnxruntime-gpu": "1.31"}, modules={"onnxruntime"})
    assert found.status == "ok"
    assert found.value == "onnxruntime-gpu 1.31"


def test_two_builds_of_onnxruntime(asked):
    found = asked("one_onnxruntime", versions={"onnxruntime": "1.30", "onnxruntime-gpu": "1.31"})
    assert (found.status, found.value) == ("problem", "onnxruntime 1.30, onnxruntime-gpu 1.31")
    assert found.mend == "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"


@pytest.mark.parametrize(
    ("versions", "value"), [({}, "none installed"), ({"onnxruntime": "1.31"}, "onnxruntime 1.31")]
)
def test_at_most_one_build(asked, versions, value):
    found = asked("one_onnxruntime", versions=versions)
    assert (found.status, found.value) == ("ok", value)
