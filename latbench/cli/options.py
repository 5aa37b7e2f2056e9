"""Options that several commands have, said once."""

from typing import Annotated

import typer

Device = Annotated[
    str, typer.Option(help="Physical device: cpu, or cuda: the first GPU that CUDA_VISIBLE_DEVICES leaves.")
]
Opset = Annotated[int, typer.Option(help="ONNX opset of the exports.")]
PARC = "Lowering of circular correlations: auto (by measurement), spatial, fft, circulant, crt2, ..."
"""What the help of an option --parc says of its values; a wrong one is told them all."""

INVOLUTION = "Lowering of involutions: auto (by target and shape), unfold, two_level, banded, ..."
"""The same of an option --involution."""

Jobs = Annotated[
    int | None,
    typer.Option(
        help="Exports at a time, each a process. (default: 1 for one model, else 2 with CPUs and memory)"
    ),
]
Resolution = Annotated[
    int | None, typer.Option(help="Height and width in pixels. (default: the model's own)")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="RUNTIME.KNOB=VALUE",
        help="An option of a runtime's own, such as tensorrt.builder_level=5; several times for several. A "
        "wrong one is told what there is.",
    ),
]
Shape = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]SIZES[:TYPE]",
        help="Shape of an input of one's own model, such as ids=1x128:int64; several times for several.",
    ),
]
Pin = Annotated[
    list[str] | None,
    typer.Option(metavar="AXIS=SIZE", help="Size of an axis that a file leaves open, such as batch=1."),
]
Range = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="[NAME=]LOW:HIGH",
        help="Values of an input, such as ids=0:30522. (default: normal floats, integers 0 and 1)",
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the order of the launches.")]
Spinning = Annotated[
    str, typer.Option(help="Idle threads spin: auto (off with more threads than usable CPUs), on, off.")
]
Threads = Annotated[int, typer.Option(help="Threads of each runtime.")]
Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds a launch may take. (default: ten times the estimate, at least 600)"),
]
