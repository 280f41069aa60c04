"""A block: rows of abutted standard cells with their wires on met1 and met2, made from gates and a placement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.periphery.cells import RAIL, ROW, SITE, TAP, HdCell, fill, hd_cell, load_cell
from somaforge.generator.periphery.netlist import Gate
from somaforge.generator.periphery.route import (
    PAD_HALF,
    PITCH_Y,
    SPACE,
    TRACKS,
    WIRE_HALF,
    Access,
    Grid,
    Net,
    Node,
    route,
    shapes,
)


@dataclass(frozen=True)
class Wire:
    """A met2 wire that the block brings along: a column from one track to another."""

    net: str
    column: int
    low: int
    high: int

    @property
    def nodes(self) -> list[Node]:
        """Grid nodes from the lower end."""
        return [(2, self.column, j) for j in range(self.low, self.high + 1)]


@dataclass(frozen=True)
class Hook:
    """A met3 wire over the block, on one track; the net is joined to it somewhere between the columns."""

    net: str
    track: int
    low: int
    high: int


@dataclass(frozen=True)
class Block:
    """Rows of cells from the bottom; odd rows are mirrored, so that rows share rails (even rails gnd, odd vdd)."""

    name: str
    rows: tuple[tuple[Gate | None, ...], ...]
    """Gates from the left; None is a tap."""
    wires: tuple[Wire, ...] = ()
    hooks: tuple[Hook, ...] = ()
    closed: tuple[Node, ...] = ()
    """met2 nodes that something else needs."""
    columns: int = field(default=0)
    """Sites of a row; 0 is as many as the longest row needs."""

    @cached_property
    def sites(self) -> int:
        """Sites of a row."""
        longest = max(sum(_cell(gate).sites for gate in row) for row in self.rows)
        if 0 < self.columns < longest:
            raise ValueError(f"{self.name}: {longest} sites do not fit {self.columns}")
        return self.columns or longest

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in nm."""
        return self.sites * SITE, len(self.rows) * ROW

    @property
    def cell_area(self) -> int:
        """Sum of the areas of its cells in nm2, without fill."""
        return sum(_cell(gate).sites for row in self.rows for gate in row) * SITE * ROW

    def placed(self) -> list[tuple[Gate | None, kdb.Trans, HdCell]]:
        """Every cell with its place."""
        out = []
        for k, row in enumerate(self.rows):
            x = 0
            for gate in row:
                cell = _cell(gate)
                at = kdb.Trans(kdb.Trans.M0, x, (k + 1) * ROW) if k % 2 else kdb.Trans(x, k * ROW)
                out.append((gate, at, cell))
                x += cell.sites * SITE
        return out

    @cached_property
    def routed(self) -> tuple[Grid, list[Net]]:
        """The wires; ValueError if there is no room."""
        # Rails reach beyond the cells: the fill has them, too.
        met1, mcon = kdb.Region(), kdb.Region()
        for k in range(len(self.rows) + 1):
            met1.insert(kdb.Box(0, k * ROW - RAIL, self.size[0], k * ROW + RAIL))
        for _, at, cell in self.placed():
            met1 += cell.met1.transformed(at)
            for pin_met1 in cell.pins_met1.values():
                met1 -= pin_met1.transformed(at)
            mcon += cell.mcon.transformed(at)
        grid = Grid(self.sites, TRACKS * len(self.rows), met1.merged(), self.closed)
        nets: dict[str, Net] = {}
        for gate, at, cell in self.placed():
            for pin, net in gate.pins if gate is not None else ():
                own = cell.pins_met1.get(pin, kdb.Region()).transformed(at)
                accesses = (
                    _accesses(grid, cell.pins[pin].transformed(at), mcon) if own.is_empty() else _on_met1(grid, own)
                )
                if not accesses:
                    raise ValueError(f"{self.name}: no contact reaches {cell.name}.{pin}")
                nets.setdefault(net, Net(net)).pins.append(accesses)
                nets[net].own |= _beside(grid, own)
        for wire in self.wires:
            nets.setdefault(wire.net, Net(wire.net)).wires.append(wire.nodes)
        for hook in self.hooks:
            run = [(2, i, hook.track) for i in range(hook.low, hook.high + 1)]
            nets.setdefault(hook.net, Net(hook.net)).hooks.append(run)
        ordered = list(nets.values())
        route(grid, ordered)
        return grid, ordered

    def hook_ends(self, hook: Hook) -> tuple[int, int]:
        """Leftmost and rightmost via2 of a hook in nm."""
        grid, nets = self.routed
        found = [grid.at(v)[0] for net in nets if net.name == hook.net for v in net.vias2 if v[2] == hook.track]
        return min(found), max(found)

    def draw(self, canvas: Canvas) -> None:
        """Cells and wires into the canvas; a label at each wire names its net for the reader."""
        for _, at, cell in self.placed():
            canvas.cell.insert(kdb.CellInstArray(load_cell(canvas.layout, cell.name).cell_index(), at))
        for k, row in enumerate(self.rows):
            fill(canvas, sites_of(row) * SITE, self.size[0], k * ROW, k % 2 == 1)
        grid, nets = self.routed
        for net in nets:
            for layer, region in shapes(grid, net, canvas.r).items():
                canvas.cell.shapes(canvas.layer(layer)).insert(region)
        end = canvas.r.row_via.size // 2 + canvas.r.row_via.above[0]
        for hook in self.hooks:
            y = grid.at((2, 0, hook.track))[1]
            left, right = self.hook_ends(hook)
            canvas.box("column", left - end, y - end, right + end, y + end)


def _cell(gate: Gate | None) -> HdCell:
    return hd_cell(gate.cell if gate is not None else TAP)


def _accesses(grid: Grid, pin: kdb.Region, mcon: kdb.Region) -> list[Access]:
    """Contacts that a pin can have, one per node: the cut lies in the pin's local interconnect, as near to the node as
    it can, and keeps ct.2 to the cell's own cuts."""
    found = []
    others = mcon.sized(190 - 1)
    box = pin.bbox()
    half = 85
    for i in range(max(0, box.left // SITE - 1), min(grid.columns, box.right // SITE + 2)):
        for j in range(max(0, box.bottom // PITCH_Y - 1), min(grid.tracks, box.top // PITCH_Y + 2)):
            node = (1, i, j)
            x, y = grid.at(node)
            for offset in sorted(range(-SITE // 2 + 5, SITE // 2, 5), key=abs):
                cut = kdb.Region(kdb.Box(x + offset - half, y - half, x + offset + half, y + half))
                if not (cut - pin).is_empty() or not (cut & others).is_empty():
                    continue
                left, right = sorted((x, x + offset))
                if not grid.free(left - PAD_HALF[0], y - PAD_HALF[1], right + PAD_HALF[0], y + PAD_HALF[1]):
                    break
                claims = (node,) if offset == 0 else (node, (1, i + (1 if offset > 0 else -1), j))
                found.append(Access(node, x + offset, claims))
                break
    return found


def _on_met1(grid: Grid, own: kdb.Region) -> list[Access]:
    """Nodes on the straight part of a pin that the cell has on met1."""
    found = []
    for node in _beside(grid, own):
        x, y = grid.at(node)
        around = kdb.Box(x - SITE // 2, y - PAD_HALF[1], x + SITE // 2, y + PAD_HALF[1])
        inside = own & kdb.Region(around)
        # Where the pin is wider than a wire, a pad next to the step would leave a notch.
        if inside.bbox().height() == 2 * WIRE_HALF and inside.bbox().width() == around.width():
            found.append(Access(node, None, (node,)))
    return found


def _beside(grid: Grid, own: kdb.Region) -> set[Node]:
    """met1 nodes at which a pad would touch or come too near to a pin on met1."""
    near = own.sized(SPACE - 1)
    box = near.bbox()
    nodes = set()
    for i in range(max(0, box.left // SITE - 1), min(grid.columns, box.right // SITE + 2)):
        for j in range(max(0, box.bottom // PITCH_Y - 1), min(grid.tracks, box.top // PITCH_Y + 2)):
            x, y = grid.at((1, i, j))
            pad = kdb.Box(x - PAD_HALF[0], y - PAD_HALF[1], x + PAD_HALF[0], y + PAD_HALF[1])
            if not (near & kdb.Region(pad)).is_empty():
                nodes.add((1, i, j))
    return nodes


def through(nets: Mapping[str, int], rows: int) -> tuple[Wire, ...]:
    """met2 columns from the lower to the upper edge of a block."""
    return tuple(Wire(net, column, 0, TRACKS * rows - 1) for net, column in nets.items())


def sites_of(gates: Sequence[Gate | None]) -> int:
    """Sites that a row of gates needs."""
    return sum(_cell(gate).sites for gate in gates)
