"""The chip of a macro: its outputs into a winner-take-all, a selected one into the converter, one bias for both.

From below: the macro; the winner, whose currents come in above; bias and converter. Straps stand left and right of the
macro. What has no block here leaves at the upper edge.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from somaforge.generator.block import Block, Box, Part, Port, Role
from somaforge.generator.chip.assembly import Plan, assemble, outline_of
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.chip.supply import Strap
from somaforge.generator.measures import up
from somaforge.generator.names import GROUND, SUPPLY, input_net, output_net
from somaforge.generator.readout.bias import bias, bias_block
from somaforge.generator.readout.converter import converter, converter_block
from somaforge.generator.readout.winner import winner_block, winner_take_all
from somaforge.pdk import Pdk

MACRO, WINNER, CONVERTER, BIAS = "macro", "winner", "converter", "bias"
"""Parts of a chip."""
STRAP_NM = 2400
"""Width of a supply strap."""


@dataclass(frozen=True)
class Margins:
    """Free room in tracks."""

    side: int = 20
    """Left and right of the macro, where the straps stand and the outputs go up."""
    below: int = 8
    between: int = 16
    """From block to block upwards, where wires run."""


def blocks(pdk: Pdk, design: str, macro: Block) -> dict[str, Block]:
    """Every block of the chip of a macro, with the design's name."""
    outputs = sum(1 for net in macro.nets(Role.ANALOG_OUTPUT))
    return {
        MACRO: macro,
        WINNER: winner_block(pdk, winner_take_all(pdk, design, outputs), design),
        CONVERTER: converter_block(pdk, converter(pdk, design), design),
        BIAS: bias_block(pdk, bias(pdk, design), design),
    }


def joined(macro: Block) -> Mapping[str, Mapping[str, str]]:
    """Part -> net of its block -> net of the chip, where those differ: circuit and wires are made from it."""
    outputs = len(macro.nets(Role.ANALOG_OUTPUT))
    return {
        MACRO: {},
        WINNER: {**{input_net(i): output_net(i) for i in range(outputs)}, "bias": "sink_0", "bus": "bus"},
        CONVERTER: {"in": "bus", "bias": "sink_1"},
        BIAS: {"out": "reference"},
    }


def straps(outline: Box, macro: Box, power: tuple[str, str]) -> tuple[Strap, ...]:
    """A pair at each side; `power` is (supply, ground). Rails of the macro end at the first strap on
    either side, so the supply stands beside it at the left and ground at the right."""
    apart = up(2 * STRAP_NM, 1000)
    left = (outline[0] + macro[0]) // 2
    right = outline[0] + outline[2] - left
    found = []
    for middle in (left, right):
        for net, x in zip(power[::-1], (middle - apart // 2, middle + apart // 2), strict=True):
            found.append(Strap(net, up(x, 20), STRAP_NM))
    return tuple(found)


def place(pdk: Pdk, made: Mapping[str, Block], margins: Margins) -> tuple[dict[str, tuple[int, int]], Box]:
    """Where every block stands, and the outline around them."""
    pitch = Tracks(pdk, (0, 0, 0, 0)).pitch
    side, gap = margins.side * pitch, margins.between * pitch
    at: dict[str, tuple[int, int]] = {}
    y, right = margins.below * pitch, 0
    for row in ((MACRO,), (WINNER,), (BIAS, CONVERTER)):
        x = side
        for role in row:
            x1, y1, x2, _ = made[role].outline
            at[role] = (x - x1, y - y1)
            x += up(x2 - x1, pitch) + gap
        right = max(right, x - gap)
        y += up(max(made[role].outline[3] - made[role].outline[1] for role in row), pitch) + gap
    return at, (0, 0, right + side, y)


def open_pins(pdk: Pdk, outline: Box, parts: Sequence[Part]) -> Iterator[Port]:
    """Pins for nets that one block alone has: currents into the macro at the left edge, other currents and voltages at
    the lower one, digital nets at the upper one."""
    tracks = Tracks(pdk, outline)
    ports: dict[str, list[Port]] = {}
    for part in parts:
        for port in part.block.ports:
            moved = port.moved(part.x, part.y)
            ports.setdefault(part.nets.get(port.net, port.net), []).append(moved)
    lone = {net: found[0] for net, found in ports.items() if len(found) == 1}
    taken: dict[str, int] = {}
    for net, port in sorted(lone.items(), key=lambda item: (item[1].box[0], item[1].box[1])):
        x, y = (port.box[0] + port.box[2]) // 2, (port.box[1] + port.box[3]) // 2
        if port.role is Role.ANALOG_INPUT:
            edge, want, axis = "left", y, 1
        else:
            edge, want, axis = ("upper" if port.role.is_digital else "lower"), x, 0
        k = max(round((want - tracks.pitch // 2) / tracks.pitch), taken.get(edge, -1) + (0 if edge == "left" else 2))
        taken[edge] = k
        yield Port(net, port.role, "row" if edge == "left" else "strap", _at_edge(tracks, edge, k, axis))


def _at_edge(tracks: Tracks, edge: str, k: int, axis: int) -> Box:
    """A pin as long as two tracks, on track k."""
    x1, y1, _, y2 = tracks.outline
    x, y = tracks.at((0, k, 0) if axis == 0 else (0, 0, k))
    half, long = tracks.half("row" if axis else "strap"), 2 * tracks.pitch
    if edge == "left":
        return x1, y - half, x1 + long, y + half
    return (x - half, y2 - long, x + half, y2) if edge == "upper" else (x - half, y1, x + half, y1 + long)


def chip_plan(pdk: Pdk, design: str, macro: Block, margins: Margins | None = None) -> Plan:
    """Where everything of the chip `design` of a macro lies, and what is joined."""
    made, nets = blocks(pdk, design, macro), joined(macro)
    at, outline = place(pdk, made, margins or Margins())
    parts = [Part(role, block, *at[role], nets[role]) for role, block in made.items()]
    power = straps(outline, outline_of(parts[0]), (SUPPLY, GROUND))
    return Plan(design, outline, parts, tuple(open_pins(pdk, outline, parts)), power)


def chip_block(pdk: Pdk, design: str, macro: Block, margins: Margins | None = None) -> Block:
    """The chip `design` of a macro; InputError if wires have no room."""
    return assemble(pdk, chip_plan(pdk, design, macro, margins))
