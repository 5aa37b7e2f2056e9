import pytest

from latbench.machine.frequency import Frequency, current_mhz, frequency

CPUS = "sys/devices/system/cpu"


def policy(number, **files):
    return {f"{CPUS}/cpufreq/policy{number}/{name}": f"{text}\n" for name, text in files.items()}


def test_a_policy_is_read_in_mhz(machine):
    told = policy(
        *(0,),
        scaling_driver="intel_pstate",
        scaling_governor="powersave",
        energy_performance_preference="balance_performance",
        cpuinfo_min_freq="400000",
        cpuinfo_max_freq="4700000",
    )
    found = frequency(machine(told, {f"{CPUS}/intel_pstate/no_turbo": "0"}))
    assert found == Frequency("intel_pstate", "powersave", "balance_performance", True, 400.0, 4700.0)


def test_policies_that_differ_are_all_named(machine):
    one = policy(0, scaling_governor="powersave", cpuinfo_max_freq="3000000")
    two = policy(1, scaling_governor="performance", cpuinfo_max_freq="5000000")
    found = frequency(machine(one, two))
    assert (found.governor, found.most_mhz) == ("performance,powersave", 5000.0)


def test_older_kernels_have_a_folder_per_cpu(machine):
    assert frequency(machine({f"{CPUS}/cpu0/cpufreq/scaling_governor": "ondemand"})).governor == "ondemand"


def test_nothing_told_is_none(machine):
    assert frequency(machine()) == Frequency(None, None, None, None, None, None)


@pytest.mark.parametrize(
    ("path", "text", "turbo"),
    [
        ("intel_pstate/no_turbo", "1", False),
        ("intel_pstate/no_turbo", "0", True),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("cpufreq/policy0/boost", "1", True),
        ("cpufreq/policy0/boost", "0", False),
    ],
)
def test_turbo(machine, path, text, turbo):
    assert frequency(machine({f"{CPUS}/{path}": text})).turbo is turbo


def test_the_current_frequency_is_a_mean_over_cpus_that_tell(machine):
    told = {
        f"{CPUS}/cpu{cpu}/cpufreq/scaling_cur_freq": str(khz) for cpu, khz in ((0, 2000000), (1, 3000000))
    }
    assert current_mhz(machine(told), (0, 1, 2)) == 2500.0
    assert current_mhz(machine(told), (2,)) is None
