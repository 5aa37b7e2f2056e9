"""Options that several commands have, said once."""

from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="Physical device.")]
Opset = Annotated[int, typer.Option(help="ONNX opset of the exports.")]
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
