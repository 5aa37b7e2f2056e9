"""The groups in which a command's help shows its options: an option stands in the same one everywhere."""

from typing import Any

PANELS = {
    "How it is measured": (
        "iterations",
        "launches",
        "blocks",
        "per_launch",
        "warmup",
        "precision_target",
        "time_limit",
        "extend",
        "protocol",
        "spinning",
        "set",
        "seed",
        "timeout",
    ),
    "What goes in": ("resolution", "shape", "pin", "range"),
    "What is exported": ("target", "expand", "layout", "parc", "involution", "opset"),
}
"""The parameters of each group; those of none stand first, with --help."""

FEW = 12
"""A command with no more options than these shows them in one group."""


def arrange(parameters: list[Any]) -> None:
    """Put the options among `parameters` of a command into their groups, where there are more than `FEW`."""
    options = [each for each in parameters if each.param_type_name == "option"]
    if len(options) <= FEW:
        return
    groups = {name: panel for panel, names in PANELS.items() for name in names}
    for option in options:
        option.rich_help_panel = groups.get(option.name)
