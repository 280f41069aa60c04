"""A small chip in a tile, by hand: an array of 2-2 without a port, brought to the pins of the frame.

It stands for any chip: 202 transistors, no wire above `strap`. Its wires: outwards from the array, on `row` to trunks
on `column`, along channels above and below the array on `row`, and to the pins. Supplies are straps at the left edge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
from tests.flow.small import small_design

from somaforge.generator.block import Block, Part, Port, Role, compose
from somaforge.generator.draw import Canvas
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.submission.chip import FramedChip, Manual, Project, frame_ports
from somaforge.generator.submission.write import write
from somaforge.pdk import load
from somaforge.pdk.files import scratch
from somaforge.pdk.frames import Frame
from somaforge.pdk.layout_file import write_layout

PDK = load("sky130")
PIN = {
    "wl_0_0": "uio_in[0]",
    "wl_0_1": "uio_in[1]",
    **{f"bl_0_{column}_{bit}": f"ui_in[{2 * column + bit}]" for column in (0, 1) for bit in (0, 1)},
    **{f"blb_0_{column}_{bit}": f"ui_in[{4 + 2 * column + bit}]" for column in (0, 1) for bit in (0, 1)},
    "in_0": "ua[0]",
    "in_1": "ua[1]",
    "out_0": "ua[2]",
    "out_1": "ua[3]",
}
"""Net of the array -> pin of the frame."""
SUPPLY = {"vdd": "VDPWR", "gnd": "VGND"}
PROJECT = Project("An array in a tile", "somaforge", "Four synapses, for tests of submissions")
PITCH, FIRST_TRUNK, MACRO_X, CHANNEL = 2000, 14_000, 50_000, 3000
BELOW = 30_000
"""From the array to the channels of the lower edge; the bit lines turn in between."""
STRAPS = {"VDPWR": (2000, 4000), "VGND": (6000, 8000)}
STRAP_ENDS = (5000, 220_760)


@dataclass(frozen=True)
class Wire:
    """One net from the macro's pin to the frame's."""

    start: Port
    """In the tile."""
    pin: Port
    trunk: int
    channel: int


def framed(frame: Frame, top: str = "tt_um_small") -> FramedChip:
    """The macro in that frame."""
    macro = draw(small_design((2, 2), bits=1)).block
    bottom = (frame.height_nm - (macro.outline[3] - macro.outline[1])) // 2 // 10 * 10
    at = (MACRO_X - macro.outline[0], bottom - macro.outline[1])
    wires = tuple(_wires(frame, macro, at))
    straps = tuple(
        Port(net, Role.SUPPLY if net == "VDPWR" else Role.GROUND, "strap", (x1, STRAP_ENDS[0], x2, STRAP_ENDS[1]))
        for net, (x1, x2) in STRAPS.items()
    )
    ports = (*straps, *frame_ports(frame))
    part = Part("macro", macro, *at, nets={**PIN, **SUPPLY})
    block = compose(PDK, top, [part], frame.outline, ports, lambda canvas: _draw(canvas, frame, macro, at, wires))
    manual = Manual(
        "Synapses of current mirrors between somas.",
        (("writing a row", "100 ns"),),
        "Put a row's bits on the bit lines and raise its word line.",
        "Apply currents to the inputs and measure the outputs.",
    )
    return FramedChip(frame, block, {pin: f"{net} of the array" for net, pin in PIN.items()}, 10_000_000, manual)


def submission(folder: Path, frame: Frame | None = None, chip: FramedChip | None = None) -> Path:
    """The folder that a shuttle is sent, written into `folder`."""
    chip = chip or framed(frame or PDK.frames.load("tiny-tapeout-1x2"))
    with scratch("tile") as place:
        layout = kdb.Layout()
        layout.dbu = 0.001
        chip.block.draw(layout)
        write_layout(layout, place / "chip.gds")
        write_spice(chip.block.library, place / "chip.spice")
        write(PDK, chip, PROJECT, place / "chip.gds", place / "chip.spice", folder)
    return folder


def _wires(frame: Frame, macro: Block, at: tuple[int, int]) -> Iterator[Wire]:
    ports: Mapping[str, Port] = {port.net: port for port in macro.ports}
    box = macro.outline
    top, bottom, right = box[3] + at[1], box[1] + at[1], box[2] + at[0]
    left, beyond = FIRST_TRUNK, right + 4000
    for number, (net, name) in enumerate(PIN.items(), 1):
        start = ports[net].moved(*at)
        pin = next(port for port in frame_ports(frame) if port.net == name)
        upper = pin.box[1] > top
        channel = top + number * CHANNEL if upper else bottom - BELOW - number * CHANNEL
        if net.startswith("out"):
            yield Wire(start, pin, beyond, channel)
            beyond += PITCH
        else:
            yield Wire(start, pin, left, channel)
            left += PITCH


def _draw(canvas: Canvas, frame: Frame, macro: Block, at: tuple[int, int], wires: tuple[Wire, ...]) -> None:
    for pin in frame.pins:
        for layer, box in pin.shapes:
            canvas.box(layer, *box)
    for x1, x2 in STRAPS.values():
        canvas.box("strap", x1, STRAP_ENDS[0], x2, STRAP_ENDS[1])
    for turn, wire in enumerate(wires, 1):
        x, y = _outside(canvas, wire.start, turn)
        row, column = canvas.r.row.width, canvas.r.column.width
        px, (_, py1, _, py2) = (wire.pin.box[0] + wire.pin.box[2]) // 2, wire.pin.box
        canvas.line("row", x, y, wire.trunk, y, row)
        canvas.stack(wire.trunk, y, "row", "column")
        canvas.line("column", wire.trunk, y, wire.trunk, wire.channel, column)
        canvas.stack(wire.trunk, wire.channel, "row", "column")
        canvas.line("row", wire.trunk, wire.channel, px, wire.channel, row)
        _through(canvas, px, wire.channel)
        canvas.line("strap", px, wire.channel, px, (py1 + py2) // 2, canvas.r.strap.width)
    for port in (port.moved(*at) for port in macro.ports if port.net in SUPPLY):
        x, y = _outside(canvas, port, 0)
        x1, x2 = STRAPS[SUPPLY[port.net]]
        canvas.line("row", (x1 + x2) // 2, y, x, y, canvas.r.row.width)
        _through(canvas, (x1 + x2) // 2, y)


def _outside(canvas: Canvas, port: Port, turn: int) -> tuple[int, int]:
    """Leads a pin of the array out of it, onto `row`; where that is. Bit lines turn at different heights."""
    x1, y1, x2, y2 = port.box
    x, y = (x1 + x2) // 2, (y1 + y2) // 2
    if port.layer == "column":
        end = y1 - turn * PITCH
        canvas.box("column", x1, end, x2, y2)
        canvas.stack(x, end, "row", "column")
        return x, end
    if port.layer == "row":
        return x, y
    canvas.box(port.layer, x1 - PITCH, y1, x2, y2)
    _through(canvas, x1 - PITCH, y)
    return x1 - PITCH, y


def _through(canvas: Canvas, x: int, y: int) -> None:
    """From `row` to `strap`, with the least area on the conductor between them."""
    canvas.stack(x, y, "row", "strap")
    half = canvas.r.column.width
    canvas.around("column", x, y, half, canvas.m.half(canvas.r.column.area_nm2 // half) // 10 * 10)
