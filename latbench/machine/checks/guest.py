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
        "with several threads a virtual machine has levels: the same model may run 1.5 times slower for "
        "seconds, within a launch as well as between launches, with no stolen time reported",
        "compare only within one interleaved run, keep 10 launches or more and read the levels of a row; "
        "bare metal for absolute figures",
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
    return Finding("note", "container" if found == "unnamed" else found, effect)


CHECK = (
    Check("virtualisation", "virtualisation", _virtualisation),
    Check("container", "container", _container),
)
