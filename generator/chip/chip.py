"""The chip of a macro: its outputs into a winner-take-all, a selected one into the converter, one bias for both, and a
control that makes it digital from outside.

From below: the macro, with the drivers at its left; the winner, whose currents come in above; bias and converter; the
control. Straps stand beside macro and drivers. What has no block here leaves at the edges.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from somaforge.generator.block import Block, Box, Part, Port, Role
from somaforge.generator.chip.assembly import Plan, assemble, outline_of, undriven
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.chip.supply import Strap
from somaforge.generator.measures import up
from somaforge.generator.names import GROUND, SUPPLY, input_net, output_net
from somaforge.generator.readout.bias import BITS, OUT, OUT_LOW, bias, bias_block
from somaforge.generator.readout.converter import converter, converter_block
from somaforge.generator.readout.winner import winner_block, winner_take_all
from somaforge.pdk import Pdk

MACRO, DRIVERS, WINNER, CONVERTER, BIAS, CONTROL = "macro", "drivers", "winner", "converter", "bias", "control"
"""Parts of a chip."""
WEIGHTS, PATTERN = "w", "p"
"""How nets of the ports of macro and drivers begin; both have one clock."""
STRAP_NM = 2400
"""Largest width of a supply strap."""


@dataclass(frozen=True)
class Margins:
    """Free room in tracks."""

    side: int = 20
    """Left and right of macro and drivers, and between them: there the straps stand."""
    below: int = 8
    between: int = 16
    """From block to block upwards, where wires run."""


def blocks(
    pdk: Pdk, design: str, macro: Block, drivers: Block | None, control: Block | None, split: int = 0
) -> dict[str, Block]:
    """Every block of the chip of a macro, with the design's name.

    `split`: the currents of two reference rows of the drivers differ by 2^split, and the bias makes both; 0: it makes
    one, and what else the drivers need comes from pins.
    """
    outputs = len(macro.nets(Role.ANALOG_OUTPUT))
    return {
        **({} if drivers is None else {DRIVERS: drivers}),
        MACRO: macro,
        WINNER: winner_block(pdk, winner_take_all(pdk, design, outputs), design),
        CONVERTER: converter_block(pdk, converter(pdk, design), design),
        BIAS: bias_block(pdk, bias(pdk, design, split=split), design),
        **({} if control is None else {CONTROL: control}),
    }


def joined(made: Mapping[str, Block]) -> Mapping[str, Mapping[str, str]]:
    """Part -> net of its block -> net of the chip, where those differ: circuit and wires are made from it."""
    outputs = len(made[MACRO].nets(Role.ANALOG_OUTPUT))
    found = {
        MACRO: port_nets(made[MACRO], WEIGHTS),
        WINNER: {**{input_net(i): output_net(i) for i in range(outputs)}, "bias": "sink_0", "bus": "bus"},
        CONVERTER: {"in": "bus", "bias": "sink_1"},
        BIAS: {OUT: REFERENCE, OUT_LOW: LOW},
    }
    two = OUT_LOW in made[BIAS].circuit.ports
    if DRIVERS in made:
        currents = made[DRIVERS].nets(Role.ANALOG_OUTPUT)
        found[DRIVERS] = {
            **port_nets(made[DRIVERS], PATTERN),
            **{net: input_net(i) for i, net in enumerate(currents)},
            **dict(zip(made[DRIVERS].nets(Role.BIAS), (REFERENCE, *([LOW] if two else [])), strict=False)),
        }
    if CONTROL in made:
        found[WINNER] = {**found[WINNER], "reset": "race_reset", "reset_b": "race_reset_b", "valid": "race_valid"}
        found[CONTROL] = {
            **{"monitor": "probe", "monitor_b": "probe_b", "reference": "on", "reference_b": "on_b"},
            **{f"ratio_b_{k}": f"bit_b_{k}" for k in range(BITS)},
        }
    return found


WITHIN = ("stop",)
"""Outputs that the control does not read and nobody outside needs."""
REFERENCE, LOW = "reference", "reference_low"
"""The bias's currents for the reference rows of the drivers."""


def port_nets(block: Block, prefix: str) -> dict[str, str]:
    """Of a port for the programming of latches."""
    return {net: f"{prefix}_{net}" for net in block.nets(Role.DIGITAL_INPUT, Role.DIGITAL_OUTPUT)}


def straps(gaps: Sequence[tuple[int, int]], power: tuple[str, str]) -> tuple[Strap, ...]:
    """A pair in each gap beside and between macro and drivers; `power` is (supply, ground). Their rails end at the
    first strap on either side: in each gap ground stands at the left, so beside a right end, the supply at the right.
    """
    found = []
    for low, high in gaps:
        width = min(STRAP_NM, (high - low) // 5) // 20 * 20
        for third, net in enumerate(reversed(power), 1):
            found.append(Strap(net, up(low + third * (high - low) // 3, 20), width))
    return tuple(found)


def place(pdk: Pdk, made: Mapping[str, Block], margins: Margins) -> tuple[dict[str, tuple[int, int]], Box]:
    """Where every block stands, and the outline around them."""
    pitch = Tracks(pdk, (0, 0, 0, 0)).pitch
    side, gap = margins.side * pitch, margins.between * pitch
    at: dict[str, tuple[int, int]] = {}
    y, right = margins.below * pitch, 0
    for row, beside in (((DRIVERS, MACRO), side), ((WINNER,), gap), ((BIAS, CONVERTER), gap), ((CONTROL,), 0)):
        x, here = side, [role for role in row if role in made]
        if not here:
            continue
        for role in here:
            x1, y1, x2, _ = made[role].outline
            at[role] = (x - x1, y - y1)
            x += up(x2 - x1, pitch) + beside
        right = max(right, x - beside)
        y += up(max(made[role].outline[3] - made[role].outline[1] for role in here), pitch) + gap
    return at, (0, 0, right + side, y)


def open_pins(pdk: Pdk, outline: Box, parts: Sequence[Part], power: Sequence[Strap]) -> Iterator[Port]:
    """Pins for nets that need one: currents into the macro at the left edge, other currents and voltages at the lower
    one, digital nets at the upper one, beside the straps."""
    tracks = Tracks(pdk, outline)
    ports: dict[str, list[Port]] = {}
    for part in parts:
        for port in part.block.ports:
            moved = port.moved(part.x, part.y)
            ports.setdefault(part.nets.get(port.net, port.net), []).append(moved)
    inside = WITHIN if any(part.role == CONTROL for part in parts) else ()
    lone = {net: p[0] for net, p in ports.items() if net not in inside and undriven([port.role for port in p])}
    taken: dict[str, int] = {}
    for net, port in sorted(lone.items(), key=lambda item: (item[1].box[0], item[1].box[1])):
        x, y = (port.box[0] + port.box[2]) // 2, (port.box[1] + port.box[3]) // 2
        if port.role is Role.ANALOG_INPUT:
            edge, want, axis = "left", y, 1
        else:
            edge, want, axis = ("upper" if port.role.is_digital else "lower"), x, 0
        k = max(round((want - tracks.pitch // 2) / tracks.pitch), taken.get(edge, -1) + (0 if edge == "left" else 2))
        while edge != "left" and _at_strap(tracks, k, power):
            k += 1
        taken[edge] = k
        yield Port(net, port.role, "row" if edge == "left" else "strap", _at_edge(tracks, edge, k, axis))


def _at_strap(tracks: Tracks, k: int, power: Sequence[Strap]) -> bool:
    """Whether a pin on column k would come too near to a strap."""
    x, _ = tracks.at((0, k, 0))
    near = tracks.half("strap") + tracks.pdk.rules.strap.space
    return any(strap.left - near < x < strap.right + near for strap in power)


def _at_edge(tracks: Tracks, edge: str, k: int, axis: int) -> Box:
    """A pin as long as two tracks, on track k."""
    x1, y1, _, y2 = tracks.outline
    x, y = tracks.at((0, k, 0) if axis == 0 else (0, 0, k))
    half, long = tracks.half("row" if axis else "strap"), 2 * tracks.pitch
    if edge == "left":
        return x1, y - half, x1 + long, y + half
    return (x - half, y2 - long, x + half, y2) if edge == "upper" else (x - half, y1, x + half, y1 + long)


def chip_plan(
    pdk: Pdk,
    design: str,
    macro: Block,
    drivers: Block | None = None,
    margins: Margins | None = None,
    control: Block | None = None,
    split: int = 0,
) -> Plan:
    """Where everything of the chip `design` of a macro lies, and what is joined. Without drivers the input currents
    come from pins. `split`: see `blocks`."""
    made = blocks(pdk, design, macro, drivers, control, split)
    nets = joined(made)
    at, outline = place(pdk, made, margins or Margins())
    parts = [Part(role, block, *at[role], nets[role]) for role, block in made.items()]
    wide = [outline_of(part) for part in parts if part.role in (DRIVERS, MACRO)]
    edges = [outline[0], *(x for box in wide for x in (box[0], box[2])), outline[2]]
    if control is not None:  # its rows have straps of their own: the chip's stand beside it
        edges[-2] = max(edges[-2], outline[2] - wide[0][0])
    power = straps(list(zip(edges[::2], edges[1::2], strict=True)), (SUPPLY, GROUND))
    return Plan(design, outline, parts, tuple(open_pins(pdk, outline, parts, power)), power)


def chip_block(
    pdk: Pdk,
    design: str,
    macro: Block,
    drivers: Block | None = None,
    margins: Margins | None = None,
    control: Block | None = None,
    split: int = 0,
) -> Block:
    """The chip `design` of a macro; InputError if wires have no room. `split`: see `blocks`."""
    return assemble(pdk, chip_plan(pdk, design, macro, drivers, margins, control, split))
