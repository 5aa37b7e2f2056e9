"""Power and heat: what makes the same machine slower an hour later."""

from latbench.machine.checks.base import Check, Context, Finding, untold
from latbench.machine.files import Tree
from latbench.machine.witnesses import thermal_throttles

_SUPPLIES = "sys/class/power_supply"
_ZONES = "sys/class/thermal"
_HOT = 90


def _power(context: Context) -> Finding:
    tree = context.tree
    supplies = [f"{_SUPPLIES}/{name}" for name in tree.names(_SUPPLIES)]
    own = [folder for folder in supplies if tree.text(f"{folder}/scope") != "Device"]
    batteries = [folder for folder in own if tree.text(f"{folder}/type") == "Battery"]
    if not batteries:
        return Finding("ok", "no battery")
    status = ", ".join(tree.text(f"{folder}/status") or "state untold" for folder in batteries)
    mains = [tree.number(f"{folder}/online") for folder in own if folder not in batteries]
    if "Discharging" in status or (mains and not any(mains)):
        effect = "firmware lowers clocks and power limits on battery"
        return Finding("warning", f"battery: {status}", effect, "plug the machine in")
    return Finding("ok", f"mains; battery: {status}")


def _thermal(context: Context) -> Finding:
    times = thermal_throttles(context.tree, context.usable.affinity)
    hottest = _hottest(context.tree)
    if times is None and hottest is None:
        return untold("whether heat slows the CPUs cannot be seen")
    told = (
        None if hottest is None else f"hottest zone {hottest:.0f} °C",
        None if times is None else f"slowed {times} times since boot",
    )
    value = ", ".join(part for part in told if part)
    if not times and (hottest is None or hottest < _HOT):
        return Finding("ok", value)
    effect = "the clock falls when the limit is reached: latency drifts upwards within a run"
    mend = "let it cool, improve the cooling, or lower the clock's upper limit"
    return Finding("warning" if hottest is None or hottest >= _HOT else "note", value, effect, mend)


def _hottest(tree: Tree) -> float | None:
    zones = (name for name in tree.names(_ZONES) if name.startswith("thermal_zone"))
    told = (tree.number(f"{_ZONES}/{name}/temp") for name in zones)
    return max((degrees / 1000 for degrees in told if degrees is not None), default=None)


CHECK = (Check("power", "power source", _power), Check("thermal", "heat", _thermal))
