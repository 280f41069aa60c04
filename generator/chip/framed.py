"""The chip at the pins of a frame: what the control has goes to the shuttle's pins, and nothing that it reads floats.

Outputs of the frame that the chip does not use are low: inverters of the frame's `ena`, which is high as long as the
chip is the selected one. The converter's pulses leave through a buffer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from somaforge.generator import drivers
from somaforge.generator.block import Block, Part, Role
from somaforge.generator.chip.assembly import Plan, assemble, outline_of
from somaforge.generator.chip.chip import CONTROL, DRIVERS, MACRO, Margins, blocks, joined, place, straps
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import Design
from somaforge.generator.digital.block import Digital, place_and_route
from somaforge.generator.digital.frame import Edge
from somaforge.generator.digital.frame import Frame as Rows
from somaforge.generator.layout import draw
from somaforge.generator.names import GROUND, SUPPLY
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.generator.submission.chip import FramedChip, frame_ports
from somaforge.generator.submission.papers import CLOCK_HZ, TILE_PINS, manual
from somaforge.pdk.errors import InputError
from somaforge.pdk.frames import Frame, FramePin
from somaforge.pdk.library import OUTPUT

PINS = "pins"
"""The part with the inverters and the buffer."""
MARGINS = Margins(side=10, below=10, between=14)
STRAPS_SHORT_NM = 5000
ROWS, SITES = 3, 160
NETS: Mapping[str, str] = {"reference": "iref", "pulse": "pulse_out"}
"""What papers call a net -> what it is here."""
ANALOG = ("iref", "monitor")
"""Nets at analog pins."""


def tile_pins(nets: Collection[str]) -> Mapping[str, tuple[str, str]]:
    """Net of the chip, of those there are -> pin of the tile, and what the papers say of it."""
    named = {NETS.get(net, net): use for net, use in TILE_PINS.items()}
    if "class_out" in nets:  # two outputs: one bit
        named["class_out"] = named["class_out_0"]
    return {net: use for net, use in named.items() if net in nets}


def inner_nets(frame: Frame) -> dict[str, str]:
    """Analog pins and supplies of a frame -> what the chip's blocks call these nets."""
    supplies = {s.net: GROUND if s.ground else SUPPLY for s in frame.supplies}
    return {pin: net for net, (pin, _) in tile_pins(ANALOG).items()} | supplies


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


@dataclass(frozen=True)
class FramedPlan:
    """Where everything lies in a frame."""

    plan: Plan
    uses: Mapping[str, tuple[str, str]]
    """Net at a pin of the frame -> that pin and what it is for."""
    beyond_array: float
    """Area that blocks and the wires between them need beyond the array's, over the array's (its latches are in it)."""


def framed_plan(frame: Frame, design: Design, control: GateNetlist) -> FramedPlan:
    """The plan; InputError if the chip is too big or the frame has other pins."""
    pdk, m, name = design.pdk, PortMeasures(design.pdk), design.spec.name
    chosen = Control.of(design)
    if drivers.folded(design.spec) is not None:
        raise InputError(
            f"chip.drivers.bank: {frame.name} takes drivers in one block; leave it out, or take frame: none"
        )
    outputs = [pin.name for pin in frame.pins if pin.kind == "digital" and pin.direction == "output"]
    uses = tile_pins({*control.inputs, *control.outputs, "pulse_out", *ANALOG})
    pins = {net: pin for net, (pin, _) in uses.items()}
    for pin in pins.values():
        frame.pin(pin)
    unused = [pin for pin in outputs if pin not in pins.values()]
    bank = draw(drivers.build(design.spec)).block
    split = design.spec.array.bits if len(bank.nets(Role.BIAS)) > 1 else 0
    macro, pitch = draw(design), Tracks(pdk, (0, 0, 0, 0)).pitch
    own = {*control.inputs, *control.outputs}
    beside = {net: _middle(frame.pin(pin)) - MARGINS.side * pitch for net, pin in pins.items() if net in own}
    made = blocks(pdk, name, macro.block, bank, None, split)

    def refuse(digital: Digital) -> None:
        made[CONTROL] = digital.block()
        _, needed = place(pdk, made, MARGINS)
        if any(frame.shortfall_nm(needed[2], needed[3])):
            raise InputError(f"chip.frame: {needed[2] / 1000:g} x {needed[3] / 1000:g} um do not fit {frame.name}")

    control_block(pdk, chosen, control, at_nm=beside, refuse=refuse)
    at, needed = place(pdk, made, MARGINS)
    renamed = {**pins, "ena": "ena", **{f"low_{k}": pin for k, pin in enumerate(unused)}}
    supplies = {s.ground: s.net for s in frame.supplies}
    renamed |= {SUPPLY: supplies[False], GROUND: supplies[True]}
    made[PINS] = pin_block(m, f"{name}__{PINS}", len(unused))
    nets = joined(made)
    right = at[CONTROL][0] + made[CONTROL].outline[2] + 8 * pitch
    at[PINS] = (right, at[CONTROL][1])
    parts = [Part(role, block, *at[role], _renamed(block, nets.get(role, {}), renamed)) for role, block in made.items()]
    wide = [outline_of(part) for part in parts if part.role in (DRIVERS, MACRO)]
    gaps = [frame.outline[0], *(x for box in wide for x in (box[0], box[2])), frame.outline[2]]
    gaps[-2] = max(gaps[-2], frame.outline[2] - wide[0][0])  # the control's rows have straps of their own
    power = straps(list(zip(gaps[::2], gaps[1::2], strict=True)), (supplies[False], supplies[True]))
    plan = Plan(frame.top_cell(name), frame.outline, parts, frame_ports(frame), power, STRAPS_SHORT_NM)
    x1, y1, x2, y2 = macro.plan.die
    return FramedPlan(plan, uses, needed[2] * needed[3] / ((x2 - x1) * (y2 - y1)) - 1)


def _middle(pin: FramePin) -> int:
    """Along the edge that it is on."""
    (_, (x1, _, x2, _)), *_ = pin.shapes
    return (x1 + x2) // 2


def _renamed(block: Block, nets: Mapping[str, str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Net of the block -> net of the framed chip."""
    inner = {net: nets.get(net, net) for net in block.circuit.ports}
    return {net: renamed.get(name, name) for net, name in inner.items()}


def framed(frame: Frame, design: Design, control: GateNetlist) -> FramedChip:
    """The design's chip in a frame, `control` the gates of its control. InputError if it does not fit."""
    found = framed_plan(frame, design, control)
    named = dict(found.uses.values()) | {"ena": "unused outputs are low while it is high"}
    block = assemble(design.pdk, found.plan)
    return FramedChip(frame, block, named, CLOCK_HZ, manual(design), found.beyond_array)
