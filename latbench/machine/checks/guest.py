"""Whether the machine is somebody else's process: virtual machine, container."""

from latbench.machine import host
from latbench.machine.checks.base import Check, Context, Finding, untold


def _virtualisation(context: Context) -> Finding:
    found = host.hypervisor(context.tree)
    if found is None:
        return untold("in a virtual machine the speed may change by itself, which cannot be seen here")
    if found == host.NONE:
        return Finding("ok", "none: bare metal")
    return Finding(
        "warning",
        "hypervisor" if found == "unnamed" else found,
        "a virtual machine has levels: the same model may run 1.5 times slower for seconds, within a launch "
        "as well as between launches, with no stolen time reported; what makes them (neighbours on the "
        "host's cores, halted CPUs that wake slowly, threads that spin) differs from host to host",
        "compare only within one interleaved run, and level by level; find out what helps here: latbench "
        "compare NAME@spinning=on NAME@spinning=off, NAME@threads=1 against more, taskset -c; bare metal for "
        "absolute figures",
    )


def _container(context: Context) -> Finding:
    found = host.container(context.tree, context.environ)
    if found is None:
        return untold("whether limits of a container apply cannot be seen")
    if found == host.NONE:
        return Finding("ok", "none found")
    effect = (
        "load, frequency and heat are the host's, shared with other containers; limits are the container's"
    )
    mend = "run the doctor on the host as well; give the container whole CPUs of its own (--cpuset-cpus)"
    return Finding("note", "container" if found == "unnamed" else found, effect, mend)


CHECK = (
    Check("virtualisation", "virtualisation", _virtualisation),
    Check("container", "container", _container),
)
