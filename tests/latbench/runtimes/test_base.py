import pytest

from latbench import runtimes
from latbench.runtimes.base import NO_KNOBS, Knob, SessionOptions, device_latency, knob

BUILDER = Knob(3, "effort of the builder", least=0, most=5)


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (BUILDER, "5", 5),
        (BUILDER, " 0 ", 0),
        (Knob(True, "graph"), "off", False),
        (Knob(False, "graph"), "On", True),
        (Knob(False, "graph"), "1", True),
        (Knob(1.0, "share", least=0), "0.25", 0.25),
        (Knob(1.0, "share"), "-2", -2.0),
        (Knob("auto", "mode", choices=("auto", "full")), "full", "full"),
        (Knob("", "folder"), "some/folder", "some/folder"),
    ],
)
def test_a_value_is_read_as_the_type_of_the_default(option, text, value):
    read = option.read(text)
    assert (read, type(read)) == (value, type(option.default))


@pytest.mark.parametrize(
    ("option", "text", "allowed"),
    [
        (BUILDER, "6", "a whole number from 0 to 5"),
        (BUILDER, "-1", "a whole number from 0 to 5"),
        (BUILDER, "2.5", "a whole number from 0 to 5"),
        (BUILDER, "", "a whole number from 0 to 5"),
        (Knob(True, "graph"), "perhaps", "on or off"),
        (Knob(1, "streams", least=1), "0", "a whole number, at least 1"),
        (Knob(1, "streams", most=4), "5", "a whole number to 4"),
        (Knob(1.0, "share"), "nan", "a number"),
        (Knob(1.0, "share"), "inf", "a number"),
        (Knob("auto", "mode", choices=("auto", "full")), "half", "one of: auto, full"),
        (Knob("x", "name"), "a;b", "text without a semicolon"),
        (Knob("x", "name"), "", "text without a semicolon"),
    ],
)
def test_what_cannot_be_meant_tells_what_is_allowed(option, text, allowed):
    with pytest.raises(ValueError, match=allowed):
        option.read(text)


def test_a_knob_is_what_was_set_or_the_default():
    fake = runtimes.get("fake")
    assert knob(fake, SessionOptions(), "level") == 3
    assert knob(fake, SessionOptions(knobs={"level": 5}), "level") == 5
    with pytest.raises(KeyError, match="volume"):
        knob(fake, SessionOptions(knobs={"volume": 5}), "volume")


def test_every_runtime_has_knobs_whose_defaults_they_allow():
    for runtime in runtimes.runtimes().values():
        for name, option in runtime.knobs.items():
            assert name.isidentifier(), f"{runtime.name}.{name}"
            assert option.about, f"{runtime.name}.{name}"
            text = str(option.default)
            assert option.default == "" or option.read(text) == option.default, f"{runtime.name}.{name}"
            assert option.devices is None or option.devices <= runtime.devices, f"{runtime.name}.{name}"
    assert not NO_KNOBS


def test_the_device_latency_of_a_session_without_one_is_empty():
    class Bare:
        pass

    session = Bare()
    assert device_latency(session, 3) == ()
    session.device_ns = None
    assert device_latency(session, 3) == ()
    session.device_ns = lambda count: [7] * count
    assert device_latency(session, 3) == (7, 7, 7)
