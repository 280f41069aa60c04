"""The macro for place and route of digital flows: pins that a router reaches, supplies that a power grid reaches.

Around the macro stands a margin. In it every pin is brought to a conductor whose preferred direction runs across the
pin's edge, and the rails are joined to one upright strap of each net over the whole height, wide enough for the cuts
from the highest conductor, on which nothing of the macro is: there the flow's power grid goes over it.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from somaforge.generator.block import Block, Box, Part, Port
from somaforge.generator.chip.access import End, side
from somaforge.generator.chip.assembly import Plan, assemble
from somaforge.generator.chip.grid import LAYERS, Tracks
from somaforge.generator.chip.supply import Strap
from somaforge.generator.design import Design
from somaforge.generator.layout import top_block
from somaforge.generator.measures import Measures, up
from somaforge.generator.names import GROUND, SUPPLY
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError

ROLE = "macro"
"""Of the macro in it."""
SIDE, END = 16, 4
"""Margin in tracks: left and right, where straps and changes of the conductor are; below and above."""
STRAP_NM = 2400
"""Width of the two straps."""
PIN_TRACKS = 2
"""Length of a pin, and the least distance of two, in tracks: between any two a router has a track of its own."""


def name_of(design: Design) -> str:
    """Of its cell, module and files: the design's own name is the macro's in it."""
    return f"{design.spec.name}_{ROLE}"


def hard_macro(design: Design) -> Block:
    """The hard macro of a design; InputError for one whose wires have no room in the margin."""
    return assemble(design.pdk, plan(design.pdk, name_of(design), top_block(design)))


def plan(pdk: Pdk, name: str, macro: Block) -> Plan:
    """Where macro, straps and pins are. The origin is the lower left corner.

    InputError for a macro that has pins on its lower or upper edge (its port is `none`).
    """
    x1, y1, x2, y2 = macro.outline
    pitch = Tracks(pdk, (0, 0, 0, 0)).pitch
    at = (SIDE * pitch, END * pitch)
    width, height = up(x2 - x1, pitch) + 2 * at[0], up(y2 - y1, pitch) + 2 * at[1]
    part = Part(ROLE, macro, at[0] - x1, at[1] - y1)
    outline = (0, 0, width, height)
    return Plan(name, outline, (part,), tuple(_pins(pdk, part, outline)), straps(pdk, width))


def straps(pdk: Pdk, width: int) -> tuple[Strap, Strap]:
    """The supply's at the left, ground's at the right, in the middle of the margins."""
    pitch, least = Tracks(pdk, (0, 0, 0, 0)).pitch, 2 * Measures(pdk.rules, pdk.grid_nm).strap_via_half
    wide, middle = max(STRAP_NM, up(least, 2 * pdk.grid_nm)), SIDE * pitch // 2
    return Strap(SUPPLY, middle, wide), Strap(GROUND, width - middle, wide)


def across(pdk: Pdk, upright: bool) -> str:
    """The highest conductor that wires of a chip are on and that runs across an edge, upright or level."""
    runs: Literal["horizontal", "vertical"] = "horizontal" if upright else "vertical"
    return next(layer for layer in reversed(LAYERS) if pdk.rules.conductor(layer).runs == runs)


def _pins(pdk: Pdk, part: Part, outline: Box) -> Iterator[Port]:
    """One for every signal, on the side where the macro has it, in the same order."""
    ports = [port.moved(part.x, part.y) for port in part.block.ports if not port.role.is_power]
    x1, y1, x2, y2 = part.block.outline
    around = (x1 + part.x, y1 + part.y, x2 + part.x, y2 + part.y)
    sides: dict[bool, list[Port]] = {True: [], False: []}
    for port in ports:
        found = side(End(port, around), outline)
        if found.axis:
            raise InputError(f"chip.hard_macro: {port.net} leaves at the macro's lower or upper edge; it needs a port")
        sides[found.outward > 0].append(port)
    for right, mine in sides.items():
        yield from _at_edge(pdk, outline, sorted(mine, key=lambda p: p.box[1]), right)


def _at_edge(pdk: Pdk, outline: Box, ports: Sequence[Port], right: bool) -> Iterator[Port]:
    """On tracks near the macro's own, at least PIN_TRACKS apart."""
    tracks, layer = Tracks(pdk, outline), across(pdk, upright=True)
    half, long = tracks.half(layer), PIN_TRACKS * tracks.pitch
    x1, x2 = (outline[2] - long, outline[2]) if right else (outline[0], outline[0] + long)
    last = -PIN_TRACKS
    for port in ports:
        wish = round(((port.box[1] + port.box[3]) // 2 - outline[1]) / tracks.pitch - 0.5)
        last = max(wish, last + PIN_TRACKS)
        if last >= tracks.size[1]:
            raise InputError(f"chip.hard_macro: {len(ports)} pins do not fit one edge of the macro; take fewer neurons")
        _, y = tracks.at((0, 0, last))
        yield Port(port.net, port.role, layer, (x1, y - half, x2, y + half))
