"""The GPU as NVML tells it: what card it is, and its counters before and after a launch, never inside one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from latbench.machine.nvml import Nvml

Handle = Any
_UNKNOWN_COUNT = 1 << 62
"""Counters that a card lacks read as the largest number of 64 bits on some drivers."""

REASONS: Mapping[int, str] = {
    1 << 0: "gpu_idle",
    1 << 1: "application_clocks",
    1 << 2: "sw_power_cap",
    1 << 3: "hw_slowdown",
    1 << 4: "sync_boost",
    1 << 5: "sw_thermal",
    1 << 6: "hw_thermal",
    1 << 7: "hw_power_brake",
    1 << 8: "display_clocks",
    1 << 9: "board_limit",
    1 << 10: "reliability",
}
"""What keeps the clocks from rising, by bit of NVML's mask."""

IDLE = "gpu_idle"
_CHOSEN = frozenset({IDLE, "application_clocks", "display_clocks"})
"""Reasons that slow nothing down: no work, or clocks that somebody set."""

_VIOLATIONS = {
    "power": "NVML_PERF_POLICY_POWER",
    "thermal": "NVML_PERF_POLICY_THERMAL",
    "board": "NVML_PERF_POLICY_BOARD_LIMIT",
    "reliability": "NVML_PERF_POLICY_RELIABILITY",
}


@dataclass(frozen=True)
class Reading:
    """The card at one moment; None is not told.

    Clocks in MHz, `reasons` the names of `REASONS` that hold the clocks, `throttled_ns` the time so far for
    which each of power, thermal, board and reliability slowed it, degrees Celsius, watts, `energy_mj` the
    millijoules so far, `memory_used_bytes` without what the driver keeps for itself, `p_state` 0 for the
    fastest to 15. `processes` are (process id, bytes or None) of the compute processes on the card.
    """

    sm_mhz: int | None = None
    memory_mhz: int | None = None
    reasons: tuple[str, ...] | None = None
    throttled_ns: Mapping[str, int | None] = field(default_factory=dict)
    temperature_c: int | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    energy_mj: int | None = None
    p_state: int | None = None
    memory_used_bytes: int | None = None
    processes: tuple[tuple[int, int | None], ...] | None = None


@dataclass(frozen=True)
class Card:
    """The card that CUDA uses, in NVML while it is open; `slice` tells that MIG divides it.

    Of a slice NVML tells no clocks and no counters: its readings know nothing.
    """

    nvml: Nvml
    handle: Handle
    slice: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what the card is, as JSON values by name; unknown is None."""
        ask, constant = self._ask, self.nvml.constant
        memory = ask("nvmlDeviceGetMemoryInfo")
        capability = ask("nvmlDeviceGetCudaComputeCapability")
        sm, graphics = constant("NVML_CLOCK_SM"), constant("NVML_CLOCK_GRAPHICS")
        slowdown = constant("NVML_TEMPERATURE_THRESHOLD_SLOWDOWN")
        return {
            "name": self.nvml.text("nvmlDeviceGetName", self.handle),
            "uuid": self.nvml.text("nvmlDeviceGetUUID", self.handle),
            "driver": self.nvml.text("nvmlSystemGetDriverVersion"),
            "cuda_driver": _version(self.nvml.ask("nvmlSystemGetCudaDriverVersion_v2")),
            "compute_capability": None if capability is None else ".".join(map(str, capability)),
            "memory_bytes": None if memory is None else int(memory.total),
            "power_limit_w": _watts(ask("nvmlDeviceGetEnforcedPowerLimit")),
            "power_default_w": _watts(ask("nvmlDeviceGetPowerManagementDefaultLimit")),
            "persistence": on(ask("nvmlDeviceGetPersistenceMode")),
            "ecc": on(ask("nvmlDeviceGetCurrentEccMode")),
            "mig": on(first(ask("nvmlDeviceGetMigMode"))),
            "sm_mhz_most": ask("nvmlDeviceGetMaxClockInfo", sm),
            "memory_mhz_most": ask("nvmlDeviceGetMaxClockInfo", constant("NVML_CLOCK_MEM")),
            "application_mhz": ask("nvmlDeviceGetApplicationsClock", graphics),
            "application_default_mhz": ask("nvmlDeviceGetDefaultApplicationsClock", graphics),
            "slowdown_c": ask("nvmlDeviceGetTemperatureThreshold", slowdown),
            "pcie_generation_most": ask("nvmlDeviceGetMaxPcieLinkGeneration"),
            "pcie_width": ask("nvmlDeviceGetCurrPcieLinkWidth"),
        }

    def read(self) -> Reading:
        """Return the card's state now; takes some milliseconds, so never while anything is timed."""
        if self.slice:
            return Reading()
        ask, constant = self._ask, self.nvml.constant
        return Reading(
            sm_mhz=ask("nvmlDeviceGetClockInfo", constant("NVML_CLOCK_SM")),
            memory_mhz=ask("nvmlDeviceGetClockInfo", constant("NVML_CLOCK_MEM")),
            reasons=self._reasons(),
            throttled_ns={name: self._violation(policy) for name, policy in _VIOLATIONS.items()},
            temperature_c=ask("nvmlDeviceGetTemperature", constant("NVML_TEMPERATURE_GPU")),
            power_w=_watts(ask("nvmlDeviceGetPowerUsage")),
            power_limit_w=_watts(ask("nvmlDeviceGetEnforcedPowerLimit")),
            energy_mj=ask("nvmlDeviceGetTotalEnergyConsumption"),
            p_state=_p_state(ask("nvmlDeviceGetPerformanceState")),
            memory_used_bytes=self._used(),
            processes=self._processes(),
        )

    def _ask(self, function: str, *arguments: Any) -> Any:
        return None if None in arguments else self.nvml.ask(function, self.handle, *arguments)

    def _reasons(self) -> tuple[str, ...] | None:
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if mask is None:  # its name before driver 535
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons")
        return None if mask is None else decoded(mask)

    def _violation(self, policy: str) -> int | None:
        told = self._ask("nvmlDeviceGetViolationStatus", self.nvml.constant(policy))
        spent = None if told is None else int(told.violationTime)
        return spent if spent is not None and spent < _UNKNOWN_COUNT else None

    def _used(self) -> int | None:
        """Return the bytes in use; the call's second version leaves out what the driver reserves."""
        told = self._ask("nvmlDeviceGetMemoryInfo", self.nvml.constant("nvmlMemory_v2"))
        return None if told is None else int(told.used)

    def _processes(self) -> tuple[tuple[int, int | None], ...] | None:
        told = self._ask("nvmlDeviceGetComputeRunningProcesses")
        return None if told is None else tuple((int(one.pid), one.usedGpuMemory) for one in told)


def decoded(mask: int) -> tuple[str, ...]:
    """Return the names of the bits of NVML's mask of clock reasons; an unknown bit reads "bit_11"."""
    bits = (1 << place for place in range(mask.bit_length()))
    return tuple(REASONS.get(bit, f"bit_{bit.bit_length() - 1}") for bit in bits if mask & bit)


def throttling(reasons: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return those of `reasons` that slow the card down against what it could do, None when not told."""
    return None if reasons is None else tuple(name for name in reasons if name not in _CHOSEN)


def difference(before: Reading, after: Reading) -> dict[str, Any]:
    """Return the witnesses of a launch from readings before it began and after it ended, None unknown.

    The counters cover the whole launch, its loading and warm-up included; `results/README.md` tells each.
    """
    slowed = {
        name: _spent(before.throttled_ns.get(name), after.throttled_ns.get(name)) for name in _VIOLATIONS
    }
    known = [spent for spent in slowed.values() if spent is not None]
    energy = _minus(after.energy_mj, before.energy_mj)
    return {
        "gpu_sm_mhz_before": before.sm_mhz,
        "gpu_sm_mhz_after": after.sm_mhz,
        "gpu_memory_mhz_before": before.memory_mhz,
        "gpu_memory_mhz_after": after.memory_mhz,
        "gpu_clock_reasons_before": _joined(before.reasons),
        "gpu_clock_reasons_after": _joined(after.reasons),
        "gpu_throttle": _joined(_union(throttling(before.reasons), throttling(after.reasons))),
        "gpu_throttled_ms": sum(known) if known else None,
        "gpu_throttled_power_ms": slowed["power"],
        "gpu_throttled_thermal_ms": slowed["thermal"],
        "gpu_temperature_before_c": before.temperature_c,
        "gpu_temperature_c": after.temperature_c,
        "gpu_power_w": after.power_w,
        "gpu_power_limit_w": after.power_limit_w,
        "gpu_energy_j": None if energy is None else energy / 1e3,
        "gpu_p_state_before": before.p_state,
        "gpu_p_state_after": after.p_state,
        "gpu_other_processes": _most(before.processes, after.processes),
        "gpu_other_memory_mib": None
        if before.memory_used_bytes is None
        else before.memory_used_bytes / 2**20,
    }


def first(pair: Any) -> Any:
    """Return the current of the current and the pending mode, None when they are not told."""
    return None if pair is None else pair[0]


def on(mode: Any) -> bool | None:
    """Return whether a mode is on, None when it is not told."""
    return None if mode is None else bool(mode)


def _watts(milliwatts: int | None) -> float | None:
    return None if milliwatts is None else milliwatts / 1e3


def _version(number: int | None) -> str | None:
    return None if number is None else f"{number // 1000}.{number % 1000 // 10}"


def _p_state(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= 15 else None


def _minus(after: int | None, before: int | None) -> int | None:
    """Return the rise of a counter; None where it is not told, or began anew."""
    return None if after is None or before is None or after < before else after - before


def _spent(before: int | None, after: int | None) -> float | None:
    spent = _minus(after, before)
    return None if spent is None else spent / 1e6


def _joined(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else "+".join(names) or "none"


def _union(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if one is None and other is None else tuple(dict.fromkeys((*(one or ()), *(other or ()))))


def _most(*lists: tuple[Any, ...] | None) -> int | None:
    return max((len(one) for one in lists if one is not None), default=None)
