import pytest

POLICY = "sys/devices/system/cpu/cpufreq/policy0"


@pytest.mark.parametrize(
    ("governor", "driver", "status"),
    [
        ("performance", "intel_pstate", "ok"),
        ("performance", "acpi-cpufreq", "ok"),
        ("powersave", "intel_pstate", "note"),
        ("powersave", "amd-pstate-epp", "note"),
        ("powersave", "acpi-cpufreq", "problem"),
        ("schedutil", "acpi-cpufreq", "warning"),
        ("ondemand", "cpufreq-dt", "warning"),
    ],
)
def test_governors(asked, governor, driver, status):
    found = asked("governor", {f"{POLICY}/scaling_governor": governor, f"{POLICY}/scaling_driver": driver})
    assert (found.status, found.value) == (status, f"{governor} ({driver})")
    assert (found.mend is None) == (status == "ok")


def test_the_energy_preference_is_told(asked):
    told = {"scaling_governor": "powersave", "scaling_driver": "intel_pstate"}
    told["energy_performance_preference"] = "balance_power"
    found = asked("governor", {f"{POLICY}/{name}": text for name, text in told.items()})
    assert found.value == "powersave (intel_pstate), prefers balance_power"


def test_cpus_with_different_governors(asked):
    other = POLICY.replace("policy0", "policy1")
    files = {f"{POLICY}/scaling_governor": "performance", f"{other}/scaling_governor": "powersave"}
    assert asked("governor", files).status == "warning"


@pytest.mark.parametrize(("boost", "status"), [("1", "note"), ("0", "ok"), ("x", "unknown")])
def test_turbo(asked, boost, status):
    assert asked("turbo", {"sys/devices/system/cpu/cpufreq/boost": boost}).status == status


def test_a_virtual_machine_shows_neither(asked):
    assert asked("governor").status == "unknown"
    assert asked("turbo").status == "unknown"
