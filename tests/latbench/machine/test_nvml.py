import pytest

from latbench.machine.nvml import Nvml, opened


def test_it_is_open_inside_and_shut_after(nvml):
    api = nvml({})
    with opened(api) as found:
        assert isinstance(found, Nvml)
        assert api.calls == ["nvmlInit"]
    assert api.calls == ["nvmlInit", "nvmlShutdown"]


def test_it_is_shut_when_something_goes_wrong(nvml):
    api = nvml({})
    with pytest.raises(KeyboardInterrupt), opened(api):
        raise KeyboardInterrupt
    assert api.calls[-1] == "nvmlShutdown"


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("NVMLError_LibraryNotFound", "no NVIDIA driver is installed"),
        ("NVMLError_DriverNotLoaded", "not loaded"),
        ("NVMLError_LibRmVersionMismatch", "another version"),
        ("NVMLError_Unknown", "as the library says"),
    ],
)
def test_what_keeps_it_shut_is_a_phrase(nvml, name, phrase):
    error = type(name, (nvml.NVMLError,), {})("as the library says")
    api = nvml(init=error)
    with opened(api) as found:
        assert phrase in found
    assert api.calls == ["nvmlInit"]


def test_without_the_package(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("latbench.machine.nvml.import_module", missing)
    with opened() as found:
        assert found == "pynvml is not installed"


def test_what_is_not_told_is_none(nvml):
    found = Nvml(nvml({"nvmlDeviceGetName": b"A"}))
    assert found.ask("nvmlDeviceGetFanSpeed", 0) is None
    assert found.text("nvmlDeviceGetName", 0) == "A"
    assert found.text("nvmlDeviceGetUUID", 0) is None
    assert found.constant("NVML_CLOCK_SM") == 1
    assert found.constant("NVML_NONE_SUCH") is None
    assert found.cards == (0,)


def test_a_function_that_this_pynvml_lacks_is_none(nvml):
    class Old(nvml):
        def __getattr__(self, name):
            raise AttributeError(name)

    assert Nvml(Old()).ask("nvmlDeviceGetCurrentClocksEventReasons", 0) is None


def test_the_installed_library_answers_or_says_why():
    pytest.importorskip("pynvml")
    with opened() as found:
        assert found
        assert isinstance(found, Nvml | str)
