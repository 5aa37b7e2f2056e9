"""Options that several commands have, said once."""

from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="Physical device.")]
Opset = Annotated[int, typer.Option(help="ONNX opset of the exports.")]
PARC = "Lowering of circular correlations: auto (by measurement), spatial, fft, circulant, crt2, ..."
"""What the help of an option --parc says of its values; a wrong one is told them all."""

Resolution = Annotated[
    int | None, typer.Option(help="Height and width in pixels. (default: the model's own)")
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
