"""The inputs that a file declares, and the sizes that its open axes get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from latbench.errors import BadInput
from latbench.pipeline.own.inputs import Input, Inputs, Shape, shapes_text

Axis = int | str | None
"""The size of an axis, the symbol that stands for it, or None for one that is open and has no name."""


@dataclass(frozen=True)
class Port:
    """An input as a file declares it; `axes` None where even their number is open.

    `usual` are the sizes that its open axes have where nobody asks for others.
    """

    name: str
    axes: tuple[Axis, ...] | None
    dtype: type[np.generic]
    usual: tuple[int, ...] | None = None


def settled(
    ports: Sequence[Port], asked: Inputs, what: str, resolution: int | None = None
) -> tuple[Input, ...]:
    """Return the inputs of the file `what` with every axis fixed: as declared, as asked for, or as usual.

    An open first axis is 1 where nothing else is known. `resolution` fixes the two open axes of an image.
    BadInput when an axis stays open, or when what is asked for is not in the file or contradicts it.
    """
    shapes = _by_port(asked.shapes, ports, what)
    _check_names(asked, ports, what)
    found, still_open = [], []
    for port in ports:
        axes = _shaped(port, shapes[port.name], what) if port.name in shapes else port.axes
        sizes = _sizes(port, axes, asked.pins, resolution)
        still_open += [] if sizes is None or None not in sizes else [(port, sizes)]
        if sizes is None:
            raise BadInput(
                f"{what} leaves the shape of its input {port.name!r} open; give it with --shape "
                f"{port.name}=1x3x224x224, or export it with a fixed shape."
            )
        found.append(Input(port.name, tuple(size or 0 for size in sizes), port.dtype))
    if still_open:
        raise BadInput(_open_axes(still_open, what))
    if resolution is not None and not any(_is_square(one.shape, resolution) for one in found):
        text = shapes_text([one.shape for one in found])
        raise BadInput(
            f"{what} has the fixed input {text}; --resolution {resolution} cannot apply, leave it out."
        )
    return tuple(found)


def fixes(ports: Sequence[Port], asked: Inputs, resolution: int | None = None) -> bool:
    """Tell whether what is asked for gives a size to an axis that a file leaves open."""
    return any(
        port.axes is None
        or (bool(asked.shape) and any(not isinstance(axis, int) for axis in port.axes))
        or any(axis in asked.pins for axis in port.axes)
        or (resolution is not None and _image_axes(port.axes))
        for port in ports
    )


def _by_port(shapes: Sequence[Shape], ports: Sequence[Port], what: str) -> dict[str, Shape]:
    """Return what --shape asks for by the name of the input; those without a name are taken in order."""
    named = {one.name: one for one in shapes if one.name is not None}
    known = [port.name for port in ports]
    for name in named:
        if name not in known:
            raise BadInput(f"{what} has no input {name!r}; --shape can name: {', '.join(known)}.")
    left = [name for name in known if name not in named]
    bare = [one for one in shapes if one.name is None]
    if len(bare) > len(left):
        raise BadInput(f"{what} has {len(known)} inputs ({', '.join(known)}), and --shape gives more.")
    return {**{str(name): one for name, one in named.items()}, **dict(zip(left, bare, strict=False))}


def _check_names(asked: Inputs, ports: Sequence[Port], what: str) -> None:
    symbols = list(dict.fromkeys(axis for port in ports for axis in port.axes or () if isinstance(axis, str)))
    for name in asked.pins:
        if name not in symbols:
            known = f"--pin can fix: {', '.join(symbols)}" if symbols else "it names none, use --shape"
            raise BadInput(f"{what} has no open axis {name!r}; {known}.")
    for input_name in asked.ranges:
        if input_name is not None and input_name not in [port.name for port in ports]:
            known = ", ".join(port.name for port in ports)
            raise BadInput(f"{what} has no input {input_name!r}; --range can name: {known}.")


def _shaped(port: Port, asked: Shape, what: str) -> tuple[Axis, ...]:
    text, kind = shapes_text([asked.sizes]), np.dtype(port.dtype).name
    if asked.dtype not in (None, kind):
        raise BadInput(f"{what} takes {kind} as its input {port.name!r}, not {asked.dtype}.")
    fits = port.axes is None or (
        len(port.axes) == len(asked.sizes)
        and all(
            not isinstance(axis, int) or axis == size
            for axis, size in zip(port.axes, asked.sizes, strict=True)
        )
    )
    if not fits:
        raise BadInput(
            f"{what} declares its input {port.name!r} as {_axes_text(port.axes)}, which --shape {text} does "
            "not fit."
        )
    return asked.sizes


def _sizes(
    port: Port, axes: tuple[Axis, ...] | None, pins: Mapping[str, int], resolution: int | None
) -> tuple[int | None, ...] | None:
    if axes is None:
        return None
    image = _image_axes(axes) if resolution is not None else ()
    usual: tuple[int | None, ...] = port.usual or tuple(1 if at == 0 else None for at in range(len(axes)))
    found: list[int | None] = []
    for at, axis in enumerate(axes):
        if isinstance(axis, int):
            found.append(axis)
        elif axis is not None and axis in pins:
            found.append(pins[axis])
        else:
            found.append(resolution if at in image else usual[at])
    return tuple(found)


def _is_square(shape: tuple[int, ...], size: int) -> bool:
    return len(shape) == 4 and (size, size) in (shape[1:3], shape[2:4])


def _image_axes(axes: tuple[Axis, ...] | None) -> tuple[int, ...]:
    """Return the places of height and width where an image leaves exactly these two open, else nothing."""
    free = tuple(at for at, axis in enumerate(axes or ()) if at and not isinstance(axis, int))
    return free if len(axes or ()) == 4 and len(free) == 2 else ()


def _open_axes(still_open: Sequence[tuple[Port, tuple[int | None, ...]]], what: str) -> str:
    told, symbols = [], []
    for port, sizes in still_open:
        for at, size in enumerate(sizes):
            if size is None:
                axis = (port.axes or ())[at]
                told.append(f"axis {at}{'' if axis is None else f' ({axis})'} of its input {port.name!r}")
                symbols += [] if axis is None else [str(axis)]
    if len(symbols) == len(told):
        mend = " ".join(f"--pin {symbol}=SIZE" for symbol in dict.fromkeys(symbols))
    else:
        mend = " ".join(f"--shape {port.name}={_axes_text(port.axes)}" for port, _ in still_open)
    return f"{what} leaves {' and '.join(told)} open; fix it with {mend}, or export it with a fixed shape."


def _axes_text(axes: tuple[Axis, ...] | None) -> str:
    return "x".join("?" if axis is None else str(axis) for axis in axes or ()) or "()"
