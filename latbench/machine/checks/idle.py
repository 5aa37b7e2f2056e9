"""What a CPU does while it waits: halt, poll for a while or sleep deeply; and what waking it costs."""

from latbench.machine import host
from latbench.machine.checks.base import Check, Context, Finding, untold

_FOLDER = "sys/devices/system/cpu/cpuidle"
_POLL = "sys/module/haltpoll/parameters/guest_halt_poll_ns"
_DEEP_US = 100

_WAKING = "a thread that slept between two operators, or the first inference after a gap, waits for it"
_TRY = "keep threads spinning and leave no gaps; latbench compare NAME@spinning=on NAME@spinning=off tells"


def _idle(context: Context) -> Finding:
    tree = context.tree
    if "idle=poll" in (tree.text("proc/cmdline") or "").split():
        return Finding("ok", "idle=poll: idle CPUs never halt")
    driver = tree.text(f"{_FOLDER}/current_driver")
    governor = tree.text(f"{_FOLDER}/current_governor_ro") or tree.text(f"{_FOLDER}/current_governor")
    told = ", ".join(dict.fromkeys(f"{name}" for name in (driver, governor) if name))
    if host.hypervisor(tree) not in (None, host.NONE):
        return _guest(context, told)
    return _metal(context, told)


def _guest(context: Context, told: str) -> Finding:
    polled = context.tree.number(_POLL) if "haltpoll" in told else None
    if polled:
        return Finding("ok", f"{told}: idle CPUs poll for up to {polled / 1000:.0f} us before they halt")
    value = f"{told or 'no driver told'}: idle CPUs halt at once"
    effect = f"a halted CPU is handed to the hypervisor and takes long to come back: {_WAKING}"
    if polled == 0:
        return Finding(
            "warning", value, effect, f"echo 200000 | sudo tee /{_POLL}, or boot with idle=poll; else {_TRY}"
        )
    return Finding("note", value, effect, f"sudo modprobe cpuidle_haltpoll force=1 (KVM); else {_TRY}")


def _metal(context: Context, told: str) -> Finding:
    folder = f"sys/devices/system/cpu/cpu{next(iter(context.usable.affinity))}/cpuidle"
    deepest, name = 0, ""
    for state in context.tree.names(folder):
        latency = context.tree.number(f"{folder}/{state}/latency")
        disabled = context.tree.number(f"{folder}/{state}/disable") == 1
        if latency is not None and latency >= deepest and not disabled:
            deepest, name = latency, context.tree.text(f"{folder}/{state}/name") or state
    if not name:
        return untold("how long an idle CPU takes to wake cannot be seen")
    value = f"{told}: deepest state {name}, {deepest} us to wake" if told else f"{name}, {deepest} us to wake"
    if deepest < _DEEP_US:
        return Finding("ok", value)
    mend = f"sudo cpupower idle-set --disable-by-latency {_DEEP_US - 1}; else {_TRY}"
    return Finding("note", value, f"idle CPUs sleep deeply: {_WAKING}", mend)


CHECK = Check("idle", "idle CPUs", _idle)
