"""The chip of a large macro, whose drivers are folded: banks on top of each other at its left, and what reads its
outputs out in its empty corner, so that the chip is little more than the macro.

From left to right: straps, the banks with the reference somas above them, straps, the macro, straps. In the corner from
below: the winner, bias and converter, the control. Where the corner is too small they stand above the macro.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from somaforge.generator.block import Block, Box, Part, Role
from somaforge.generator.chip.assembly import Plan, outline_of
from somaforge.generator.chip.chip import (
    BIAS,
    CONTROL,
    CONVERTER,
    LOW,
    MACRO,
    PATTERN,
    REFERENCE,
    WINNER,
    blocks,
    joined,
    open_pins,
    port_nets,
)
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.chip.supply import Strap
from somaforge.generator.design import Design
from somaforge.generator.drivers import REFERENCES, Bank, Folded
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.measures import up
from somaforge.generator.names import GROUND, SUPPLY, cell_name, input_net
from somaforge.pdk import Pdk

CHIP = "chip"
READOUT = ((WINNER,), (BIAS, CONVERTER), (CONTROL,))
"""Rows of blocks, from below."""


@dataclass(frozen=True)
class Room:
    """Free room in tracks."""

    left: int = 20
    """Of the banks, with straps of what they alone draw."""
    middle: int = 28
    """Between banks and macro: straps of the macro's current, and the inputs' wires below them."""
    right: int = 24
    below: int = 10
    """With the bar of ground, which takes three."""
    above: int = 8
    """With the bar of the supply, and beside a track for each lane, whose data come past the macro from the control in
    its corner."""
    between: int = 28
    """Readout rows."""
    over_bank: int = 6
    """Above a bank, beside a track for each of its inputs."""


def bank_role(k: int) -> str:
    """Part of the chip that bank k is."""
    return f"bank_{k}"


def rail_net(net: str) -> str:
    """Net of the chip of a reference soma's rail, which the array's own nets are called as well."""
    return f"{PATTERN}_{net}"


def folded_blocks(design: Design, macro: Block, drivers: Folded, control: Block | None) -> dict[str, Block]:
    """Every block of the chip."""
    banks, references = drivers.blocks(), drivers.references()
    split = design.spec.array.bits if len(references.nets(Role.BIAS)) > 3 else 0
    return {
        **{bank_role(k): banks[bank.inputs] for k, bank in enumerate(drivers.banks)},
        REFERENCES: references,
        **blocks(design.pdk, design.spec.name, macro, None, control, split),
    }


def folded_nets(made: Mapping[str, Block], drivers: Folded) -> dict[str, Mapping[str, str]]:
    """Part -> net of its block -> net of the chip, where those differ."""
    found = dict(joined({role: block for role, block in made.items() if role in ROLES}))
    rails = [net for net in made[REFERENCES].nets(Role.BIAS) if net.startswith("v")]
    currents = [net for net in made[REFERENCES].nets(Role.BIAS) if net not in rails]
    found[REFERENCES] = {
        **{net: rail_net(net) for net in rails},
        **dict(zip(currents, (REFERENCE, LOW), strict=False)),
    }
    for k, bank in enumerate(drivers.banks):
        block = made[bank_role(k)]
        found[bank_role(k)] = {
            **port_nets(block, PATTERN),
            **_chain(drivers, k, bank),
            **{net: input_net(bank.first + i) for i, net in enumerate(block.nets(Role.ANALOG_OUTPUT))},
            **{net: rail_net(net) for net in rails},
        }
    return found


ROLES = (MACRO, WINNER, CONVERTER, BIAS, CONTROL)


def _chain(drivers: Folded, k: int, bank: Bank) -> dict[str, str]:
    """Banks of a lane are one register: its data enter at the last one and leave at the first one."""
    lane = f"_{bank.lane}" if drivers.lanes > 1 else ""
    first = k == 0 or drivers.banks[k - 1].lane != bank.lane
    last = k + 1 == len(drivers.banks) or drivers.banks[k + 1].lane != bank.lane
    return {
        "data_in": f"{PATTERN}_data_in{lane}" if last else f"{PATTERN}_chain_{k}",
        "data_out": f"{PATTERN}_data_out{lane}" if first else f"{PATTERN}_chain_{k - 1}",
    }


@dataclass(frozen=True)
class _Placing:
    design: Design
    floor: Floorplan
    drivers: Folded
    made: Mapping[str, Block]
    room: Room

    @property
    def pitch(self) -> int:
        return Tracks(self.design.pdk, (0, 0, 0, 0)).pitch

    def size(self, role: str) -> tuple[int, int]:
        x1, y1, x2, y2 = self.made[role].outline
        return up(x2 - x1, self.pitch), up(y2 - y1, self.pitch)

    @property
    def banks(self) -> list[str]:
        """From below, the references last."""
        return [*(bank_role(k) for k in range(len(self.drivers.banks))), REFERENCES]

    def column(self) -> dict[str, tuple[int, int]]:
        """Lower left corners of banks and references: spread over the macro's height, or as near as wires let them."""
        pitch, bottom = self.pitch, self.room.below * self.pitch
        needs = [self.room.over_bank + bank.inputs for bank in self.drivers.banks]
        heights = [self.size(role)[1] for role in self.banks]
        spare = self.size(MACRO)[1] - sum(heights) - sum(needs) * pitch
        more = max(0, spare // len(needs)) // pitch
        found, y = {}, bottom
        for role, high, need in zip(self.banks, heights, (*needs, 0), strict=True):
            found[role] = (self.room.left * pitch, y)
            y += high + (need + more) * pitch
        return found

    def corner(self, macro: tuple[int, int]) -> Box | None:
        """The macro's empty corner in the chip, `macro` its lower left corner."""
        notch, (x, y) = self.floor.notch, self.made[MACRO].outline[:2]
        if notch is None:
            return None
        dx, dy = macro[0] - x, macro[1] - y
        x1, y1, x2, y2 = notch
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy

    def readout(self) -> tuple[dict[str, tuple[int, int]], int, int]:
        """Lower left corners from an origin, with the width and the height of all."""
        gap, found, y, wide = self.room.between * self.pitch, {}, 0, 0
        for row in READOUT:
            here, x = [role for role in row if role in self.made], 0
            for role in here:
                found[role] = (x, y)
                x += self.size(role)[0] + gap
            wide = max(wide, x - gap)
            y += max((self.size(role)[1] + gap for role in here), default=0)
        return found, wide, y - gap

    def all(self) -> tuple[dict[str, tuple[int, int]], Box, tuple[Box, ...]]:
        """Lower left corners, the chip's outline, and what covers the macro."""
        pitch, room = self.pitch, self.room
        at = self.column()
        x = room.left * pitch + max(self.size(role)[0] for role in self.banks) + room.middle * pitch
        at[MACRO] = (x, room.below * pitch)
        right = x + self.size(MACRO)[0]
        top = max(y + self.size(role)[1] for role, (_, y) in at.items())
        own, wide, high = self.readout()
        corner, gap = self.corner(at[MACRO]), room.between * pitch
        x1, y1, x2, y2 = self.made[MACRO].outline
        cover = (x, at[MACRO][1], x + x2 - x1, at[MACRO][1] + y2 - y1)
        covers: tuple[Box, ...] = (cover,)
        if corner and wide + 2 * gap <= corner[2] - corner[0] and high + gap <= corner[3] - corner[1]:
            x0, y0 = (corner[2] - wide - gap) // pitch * pitch, up(corner[1] + gap, pitch)
            edge = self.floor.measures.edge
            covers = ((*cover[:3], corner[1] + edge), (cover[0], corner[1], corner[0] + edge, cover[3]))
        else:
            x0, y0 = x, top + gap
        at |= {role: (x0 + dx, y0 + dy) for role, (dx, dy) in own.items()}
        top, right = max(top, y0 + high), max(right, x0 + wide)
        return at, (0, 0, right + room.right * pitch, top + (room.above + self.drivers.lanes) * pitch), covers


def folded_plan(
    design: Design,
    macro: Block,
    floor: Floorplan,
    drivers: Folded,
    control: Block | None = None,
    room: Room | None = None,
) -> Plan:
    """Where everything of the chip lies, and what is joined; `floor` is the macro's floorplan."""
    pdk, made = design.pdk, folded_blocks(design, macro, drivers, control)
    at, outline, covers = _Placing(design, floor, drivers, made, room or Room()).all()
    nets = folded_nets(made, drivers)
    parts = [
        Part(role, block, at[role][0] - block.outline[0], at[role][1] - block.outline[1], nets.get(role, {}))
        for role, block in made.items()
    ]
    power = tuple(_straps(parts, outline))
    first = sorted(parts, key=lambda part: part.role != CONTROL)  # a pin that several blocks read lies at the control
    pins = tuple(open_pins(pdk, outline, first, power))
    return Plan(
        cell_name(design.spec.name, CHIP),
        outline,
        parts,
        pins,
        power,
        closed={MACRO: covers},
        ties=_ties(pdk, outline, power),
    )


def _ties(pdk: Pdk, outline: Box, straps: Sequence[Strap]) -> dict[str, Box]:
    """Ground along the lower edge, the supply along the upper one, two tracks wide: banks and macro feed from straps of
    their own."""
    pitch = Tracks(pdk, outline).pitch
    low, high = outline[1] + pitch // 2, outline[3] - pitch // 2
    heights = {GROUND: (low, low + 2 * pitch), SUPPLY: (high - 2 * pitch, high)}
    ends = {net: [x for s in straps if s.net == net for x in (s.left, s.right)] for net in heights}
    return {net: (min(ends[net]), y1, max(ends[net]), y2) for net, (y1, y2) in heights.items()}


def _straps(parts: Sequence[Part], outline: Box) -> Iterator[Strap]:
    """A pair beside banks and macro: ground at the left in each gap, so that each rail ends at one of them."""
    boxes = {part.role: outline_of(part) for part in parts}
    banks = [box for role, box in boxes.items() if role == REFERENCES or role.startswith("bank_")]
    right = max(box[2] for role, box in boxes.items() if box not in banks)
    gaps = [
        (outline[0], min(box[0] for box in banks)),
        (max(box[2] for box in banks), boxes[MACRO][0]),
        (right, outline[2]),
    ]
    for low, high in gaps:
        width = (high - low) // 5 // 20 * 20
        for third, net in enumerate((GROUND, SUPPLY), 1):
            yield Strap(net, up(low + third * (high - low) // 3, 20), width)
