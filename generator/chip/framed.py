"""The chip at the pins of a frame: what the control has goes to the shuttle's pins, and nothing that it reads floats.

Outputs of the frame that the chip does not use are low: inverters of the frame's `ena`, which is high as long as the
chip is the selected one. The converter's pulses leave through a buffer.
"""

from collections.abc import Mapping

from somaforge.generator import drivers
from somaforge.generator.block import Block, Part
from somaforge.generator.chip.assembly import Plan, assemble, outline_of
from somaforge.generator.chip.chip import CONTROL, DRIVERS, MACRO, Margins, blocks, joined, place, straps
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import Design
from somaforge.generator.digital.block import place_and_route
from somaforge.generator.digital.frame import Edge
from somaforge.generator.digital.frame import Frame as Rows
from somaforge.generator.layout import draw
from somaforge.generator.names import GROUND, SUPPLY
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.generator.submission.chip import FramedChip, Manual, frame_ports
from somaforge.pdk.errors import InputError
from somaforge.pdk.frames import Frame
from somaforge.pdk.library import OUTPUT

PINS = "pins"
"""The part with the inverters and the buffer."""
MARGINS = Margins(side=10, below=10, between=14)
STRAPS_SHORT_NM = 5000
ROWS, SITES = 3, 160
INPUTS: Mapping[str, str] = {
    "clk": "clk",
    "rst_n": "rst_n",
    "cs_n": "ui_in[0]",
    "sck": "ui_in[1]",
    "mosi": "ui_in[2]",
    **{f"nibble_{k}": f"ui_in[{4 + k}]" for k in range(4)},
}
"""Of the control -> pin of a tile."""
OUTPUTS: Mapping[str, str] = {
    "miso": "uo_out[0]",
    "class_valid": "uo_out[1]",
    "busy": "uo_out[2]",
    "pulse_out": "uo_out[3]",
    "class_out": "uo_out[4]",
    **{f"class_out_{k}": f"uo_out[{4 + k}]" for k in range(4)},
}
ANALOG: Mapping[str, str] = {"iref": "ua[0]", "monitor": "ua[1]", "ref_1": "ua[2]"}


def inner_nets(frame: Frame) -> dict[str, str]:
    """Analog pins and supplies of a frame -> what the chip's blocks call these nets."""
    supplies = {s.net: GROUND if s.ground else SUPPLY for s in frame.supplies}
    return {pin: net for net, pin in ANALOG.items()} | supplies


def pin_gates(unused: int) -> GateNetlist:
    """Inverters of `ena` for so many outputs, and the converter's pulse for a pin of its own."""
    lows = tuple(f"low_{k}" for k in range(unused))
    gates = [Gate(f"g_{low}", "inverter", 1, (("a", "ena"), (OUTPUT, low))) for low in lows]
    gates.append(Gate("g_pulse", "buffer", 2, (("a", "pulse"), (OUTPUT, "pulse_out"))))
    return GateNetlist(("ena", "pulse"), (*lows, "pulse_out"), (), tuple(gates))


def pin_block(m: PortMeasures, name: str, unused: int) -> Block:
    """These gates in rows."""
    netlist = pin_gates(unused)
    sides: dict[str, Edge] = dict.fromkeys((*netlist.inputs, *netlist.outputs), "upper")
    sides["pulse"] = "lower"
    return place_and_route(name, netlist, Rows(m, ROWS, SITES, sides, {})).block()


def framed_plan(frame: Frame, design: Design, control: GateNetlist) -> tuple[Plan, Mapping[str, str]]:
    """Where everything lies, and net of the chip -> pin of the frame for what is used. InputError if it is too big."""
    pdk, m, name = design.pdk, PortMeasures(design.pdk), design.spec.name
    chosen = Control.of(design)
    outputs = [pin.name for pin in frame.pins if pin.kind == "digital" and pin.direction == "output"]
    has = {*control.outputs, "pulse_out"}
    pins = {**INPUTS, **{net: pin for net, pin in OUTPUTS.items() if net in has}, **ANALOG}
    for pin in pins.values():
        frame.pin(pin)
    unused = [pin for pin in outputs if pin not in pins.values()]
    bank = draw(drivers.build(design.spec)).block
    made = blocks(pdk, name, draw(design).block, bank, control_block(pdk, chosen, control).block())
    pins = {net: pin for net, pin in pins.items() if net != "ref_1" or net in made[DRIVERS].roles()}
    at, needed = place(pdk, made, MARGINS)
    if any(frame.shortfall_nm(needed[2], needed[3])):
        raise InputError(f"chip.frame: {needed[2] / 1000:g} x {needed[3] / 1000:g} um do not fit {frame.name}")
    renamed = {**pins, "ena": "ena", **{f"low_{k}": pin for k, pin in enumerate(unused)}}
    supplies = {s.ground: s.net for s in frame.supplies}
    renamed |= {SUPPLY: supplies[False], GROUND: supplies[True]}
    made[PINS] = pin_block(m, f"{name}__{PINS}", len(unused))
    nets = joined(made)
    pitch = Tracks(pdk, (0, 0, 0, 0)).pitch
    right = at[CONTROL][0] + made[CONTROL].outline[2] + 8 * pitch
    at[PINS] = (right, at[CONTROL][1])
    parts = [Part(role, block, *at[role], _renamed(block, nets.get(role, {}), renamed)) for role, block in made.items()]
    wide = [outline_of(part) for part in parts if part.role in (DRIVERS, MACRO)]
    beside = [frame.outline[0], *(x for box in wide for x in (box[0], box[2])), frame.outline[2]]
    beside[-2] = max(beside[-2], frame.outline[2] - wide[0][0])  # the control's rows have straps of their own
    power = straps(list(zip(beside[::2], beside[1::2], strict=True)), (supplies[False], supplies[True]))
    plan = Plan(frame.top_cell(name), frame.outline, parts, frame_ports(frame), power, STRAPS_SHORT_NM)
    return plan, pins


def _renamed(block: Block, nets: Mapping[str, str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Net of the block -> net of the framed chip."""
    inner = {net: nets.get(net, net) for net in block.circuit.ports}
    return {net: renamed.get(name, name) for net, name in inner.items()}


MEANINGS: Mapping[str, str] = {
    "clk": "clock, 20 MHz at most",
    "rst_n": "reset, active low",
    "cs_n": "frame of the serial interface, active low",
    "sck": "clock of the serial interface",
    "mosi": "data in",
    "miso": "data out",
    "class_out": "the class",
    "class_valid": "whether the class holds",
    "busy": "a race or a measurement is under way",
    "pulse_out": "pulses of the current converter",
    "iref": "reference current, drawn out of the pin",
    "monitor": "current of the selected output",
    "ref_1": "current for the lower bits of the drivers, an eighth of the reference",
}


def _meaning(net: str) -> str:
    stem, _, bit = net.rpartition("_")
    return MEANINGS.get(net) or {"nibble": f"bit {bit} of a nibble", "class_out": f"bit {bit} of the class"}[stem]


MANUAL = Manual(
    "Synapses are current mirrors in weak inversion, whose weights lie in latches beside them; somas are mirrors, too. "
    "Drivers make input currents from codes, a winner-take-all names the largest output, a converter counts a current.",
    (
        ("clock", "20 MHz at most"),
        ("sck", "an eighth of the clock; a quarter if nothing is read"),
        ("cs_n high between frames", "12 clocks"),
    ),
    "Frames of SPI mode 0: a command of eight bits and its payload, see docs/control.md of somaforge.",
    "Ask for the identity (command 0x01), write the weights and read them back, write a pattern, start a race and read "
    "the class.",
)


def framed(frame: Frame, design: Design, control: GateNetlist) -> FramedChip:
    """The design's chip in a frame, `control` the gates of its control. InputError if it does not fit."""
    plan, pins = framed_plan(frame, design, control)
    uses = {pin: _meaning(net) for net, pin in pins.items()} | {"ena": "unused outputs are low while it is high"}
    return FramedChip(frame, assemble(design.pdk, plan), uses, 20_000_000, MANUAL)
