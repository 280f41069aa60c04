"""A netlist of gates as a block: placed, wired, with supplies on `strap` and its ports on `row` at its edges."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import klayout.db as kdb
import numpy as np

from somaforge.generator.block import Block, Port, Role, draw_ports
from somaforge.generator.circuit import Library
from somaforge.generator.digital.frame import Frame
from somaforge.generator.digital.netlist import require_sound, with_diodes, with_pin_buffers
from somaforge.generator.digital.obstacles import MARGIN, Kinds, Open, moved
from somaforge.generator.digital.place import Placement, Slot, place, width
from somaforge.generator.digital.route import Field, route
from somaforge.generator.draw import Canvas
from somaforge.generator.names import GROUND, SUPPLY
from somaforge.generator.periphery.cells import cell_geometry, fill, load_cell
from somaforge.generator.periphery.circuit import gate_circuits
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.generator.periphery.route import Net, shapes
from somaforge.pdk.geometry import Conductor
from somaforge.pdk.library import DIODE

NOWHERE = (0, 0, 0)
"""No node: layers begin at 1."""


@dataclass(frozen=True)
class Digital:
    """Rows of cells with their wires."""

    name: str
    frame: Frame
    placement: Placement
    metal: dict[str, kdb.Region] = field(default_factory=dict)
    """What cells have of a net on `inner`, once it is routed."""

    @property
    def m(self) -> PortMeasures:
        """Lengths."""
        return self.frame.m

    @property
    def netlist(self) -> GateNetlist:
        """The gates as laid out: with buffers at the pins and repeaters."""
        return self.placement.netlist

    @property
    def utilization(self) -> float:
        """Share of the rows that cells cover, taps among them."""
        tap = cell_geometry(self.m.cells, self.m.cells.tap).sites
        used = sum(tap if s.gate is None else width(self.m.cells, s.gate) for s in self.placement.slots)
        return used / (self.frame.sites * self.frame.rows)

    @cached_property
    def routed(self) -> tuple[Net, ...]:
        """The nets with their wires; ValueError if there is no room."""
        kinds = Kinds(self.m)
        grid = Field(self.m, self._open(kinds), self._closed())
        nets: dict[str, Net] = {}
        for slot in self.placement.slots:
            if slot.gate is None:
                continue
            cell = self.m.cells.cell(slot.gate.function, slot.gate.drive)
            geometry = kinds[cell.name, slot.row % 2 == 1]
            track = slot.row * self.m.tracks
            for pin, name in slot.gate.pins:
                net, foundry = nets.setdefault(name, Net(name)), cell.pins[pin]
                found = [moved(access, self.m, slot.site, track) for access in geometry.pins[foundry]]
                net.pins.append([access for access in found if grid.open.pad[access.node[1], access.node[2]]])
                self.metal.setdefault(name, kdb.Region()).insert(
                    geometry.metal[foundry].moved(slot.site * self.m.site, slot.row * self.m.row)
                )
                net.own |= {(1, i + slot.site, j + track) for _, i, j in geometry.own[foundry]}
        last = self.frame.rows * self.m.tracks - 1
        for port, column in self.frame.columns.items():
            ends = (0, 1) if self.frame.edges[port] == "lower" else (last - 1, last)
            nets[port].wires.append([(2, column, j) for j in ends])
        ordered = sorted(nets.values(), key=lambda net: (len(net.pins), net.name))
        route(grid, ordered)
        return tuple(ordered)

    def _open(self, kinds: Kinds) -> Open:
        shape = (self.frame.sites, self.frame.rows * self.m.tracks)
        whole = Open(*(np.ones(shape, bool) for _ in range(3)))
        whole.right[-1, :] = whole.up[:, -1] = False
        filler = self.m.cells.filler
        for row in range(self.frame.rows):
            whole.close_along(kinds[filler, row % 2 == 1].open, (row - 1) * self.m.tracks)
        for slot in self.placement.slots:
            found = kinds[self._cell(slot), slot.row % 2 == 1]
            whole.close(found.open, slot.site - MARGIN, (slot.row - 1) * self.m.tracks)
        return whole

    def _cell(self, slot: Slot) -> str:
        cells = self.m.cells
        return cells.tap if slot.gate is None else cells.cell(slot.gate.function, slot.gate.drive).name

    def _closed(self) -> np.ndarray:
        """Every second track of `column`, and what is near the stacks of the straps on `row` and `column`."""
        m, rules = self.m, self.m.pdk.rules
        closed = np.zeros((3, self.frame.sites, self.frame.rows * m.tracks), bool)
        closed[2, :, ::2] = True
        lone, half = m.core.lone_pad_half, column_half(m)
        along, across = m.core.pad("row", "inner", "row")[::-1]
        wire = max(m.row_pad[0], rules.row_via.size // 2 + min(rules.row_via.below))
        high = max(m.row_pad[1], rules.row_via.size // 2 + max(rules.row_via.below))
        reach = {
            1: (along + rules.row.space + wire, across + rules.row.space + high),
            2: (lone + rules.column.space + half, lone + rules.column.space + half),
        }
        for net, column in self.frame.straps:
            for k in self.frame.rails(net):
                for layer, (far_x, far_y) in reach.items():
                    for i in range(max(0, column - 3), min(closed.shape[1], column + 4)):
                        for j in range(max(0, k * m.tracks - 4), min(closed.shape[2], k * m.tracks + 4)):
                            near_x = abs(m.column_x(i) - m.column_x(column)) < far_x
                            if near_x and abs(m.track_y(j) - k * m.row) < far_y:
                                closed[layer, i, j] = True
        return closed

    def ports(self) -> tuple[Port, ...]:
        """Supplies on the rails, which straps beside or over the rows reach, signals at their edges."""
        m, (_, low, _, high), (wide, _) = self.m, self.frame.outline, self.frame.size
        found = []
        for net, role in ((GROUND, Role.GROUND), (SUPPLY, Role.SUPPLY)):
            for k in self.frame.rails(net):
                y, half = k * m.row, m.cells.rail_half_nm
                found.append(Port(net, role, "inner", (0, y - half, wide, y + half)))
        for pin, column in self.frame.columns.items():
            x, half = m.column_x(column), m.wire_half
            role = self.frame.roles.get(pin, Role.DIGITAL_INPUT if pin in self.netlist.inputs else Role.DIGITAL_OUTPUT)
            y = low if self.frame.edges[pin] == "lower" else high - 4 * half
            guarded = pin in self.netlist.inputs and bool(m.cells.drives(DIODE))
            found.append(Port(pin, role, "row", (x - half, y, x + half, y + 4 * half), guarded))
        return tuple(found)

    def draw(self, layout: kdb.Layout) -> kdb.Cell:
        """Cells, wires, supplies and ports."""
        canvas = Canvas(layout, self.m.pdk, self.name)
        self._cells(canvas)
        for net in self.routed:
            for layer, region in wires(self.m, net, self.metal[net.name]).items():
                canvas.cell.shapes(canvas.layer(layer)).insert(region)
        self._supplies(canvas)
        m, (_, low, _, high) = self.m, self.frame.outline
        for pin, column in self.frame.columns.items():
            x, half = m.column_x(column), m.wire_half
            inside = m.track_y(0) if self.frame.edges[pin] == "lower" else self.frame.size[1] - m.pitch // 2
            canvas.box("row", x - half, inside, x + half, low if self.frame.edges[pin] == "lower" else high)
        draw_ports(canvas, self.ports())
        canvas.box("boundary", *self.frame.outline)
        return canvas.cell

    def _cells(self, canvas: Canvas) -> None:
        cells, site, row = self.m.cells, self.m.site, self.m.row
        ends = dict.fromkeys(range(self.frame.rows), 0)
        for slot in sorted(self.placement.slots, key=lambda s: (s.row, s.site)):
            cell, y = load_cell(cells, canvas.layout, self._cell(slot)), slot.row * row
            mirrored = slot.row % 2 == 1
            fill(cells, canvas, ends[slot.row], slot.site * site, y, mirrored)
            canvas.place(cell, slot.site * site, y + row if mirrored else y, mirrored)
            ends[slot.row] = (slot.site + cell_geometry(cells, self._cell(slot)).sites) * site
        for k, end in ends.items():
            fill(cells, canvas, end, self.frame.size[0], k * row, k % 2 == 1)

    def _supplies(self, canvas: Canvas) -> None:
        m, (_, low, _, high), pad = self.m, self.frame.outline, self.m.core.lone_pad_half
        for net, column in self.frame.straps:
            x = m.column_x(column)
            canvas.box("strap", x - m.strap_half, low, x + m.strap_half, high)
            for k in self.frame.rails(net):
                canvas.stack(x, k * m.row, "inner", "strap", "h")
                canvas.around("column", x, k * m.row, pad, pad)

    def block(self) -> Block:
        """With its circuit."""
        netlist = GateNetlist(self.netlist.inputs, self.netlist.outputs, (), self.netlist.gates)
        circuits = gate_circuits(self.m.cells, netlist, self.name)
        library = Library({circuit.name: circuit for circuit in circuits}, self.name)
        return Block(self.name, self.frame.outline, self.ports(), library, self.draw)


def column_half(m: PortMeasures) -> int:
    """Half width of wires on `column`: as wide as the pads of their vias, so that there are no steps."""
    cut = m.pdk.rules.row_via
    return max(m.pdk.rules.column.width // 2, cut.size // 2 + max(cut.above))


def wires(m: PortMeasures, net: Net, metal: kdb.Region) -> dict[str, kdb.Region]:
    """Layout of a routed net by layer; `metal` is what the cells have of it on `inner`."""
    half = column_half(m)
    below = Net(net.name, net.pins, net.wires, net.own)
    # A pad reaches from the cut to its node and no further: what is beyond may be near to the cell's own metal.
    below.contacts = {replace(access, claims=(NOWHERE,)) for access in net.contacts}
    below.nodes = {node for node in net.nodes if node[0] < 3}
    column = kdb.Region()
    for a, b in net.edges:
        layers = {a[0], b[0]}
        if 3 not in layers:
            below.edges.add((a, b))
        elif 2 in layers:
            below.vias2.add(min(a, b))
        for node, other in ((a, b),) if layers == {3} else ():
            (x1, y1), (x2, y2) = ((m.column_x(n[1]), m.track_y(n[2])) for n in (node, other))
            column.insert(kdb.Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)).enlarged(half, half))
    made = {**shapes(m, below), "column": column.merged()}
    made["inner"] = whole(made["inner"] + metal, m.pdk.rules.inner) - metal
    made["row"] = whole(made["row"], m.pdk.rules.row)
    return made


CORNERS = 4
"""How often corners that come near each other are joined: that may leave a notch, which is filled the next time."""


def _between(pair: kdb.EdgePair) -> kdb.Box:
    """What parts two edges: a corner that stands aside of another one is no notch that growing would fill."""
    one, other = pair.first.bbox(), pair.second.bbox()
    x = sorted((max(one.left, other.left), min(one.right, other.right)))
    y = sorted((max(one.bottom, other.bottom), min(one.top, other.top)))
    return kdb.Box(x[0], y[0], x[1], y[1])


def whole(net: kdb.Region, conductor: Conductor) -> kdb.Region:
    """A net's shapes without the notches between its own pads, and without holes in which nothing else has room."""
    reach = (conductor.space - 1) // 2
    closed = net.merged()
    for _ in range(CORNERS):
        closed = closed.sized(reach).sized(-reach).merged()
        near = kdb.Region()
        for pair in closed.space_check(conductor.space).each():
            near.insert(_between(pair))
        if near.is_empty():
            break
        closed += near
    room = conductor.width + 2 * conductor.space
    small = [hole for hole in closed.holes().each() if min(hole.bbox().width(), hole.bbox().height()) < room]
    return (closed + kdb.Region(small)).merged()


def place_and_route(name: str, netlist: GateNetlist, frame: Frame, seed: int = 1) -> Digital:
    """Lay out a netlist; InputError if it is not sound or does not fit. Wires are found when they are asked for."""
    require_sound(netlist)
    buffered = with_diodes(with_pin_buffers(netlist), frame.m.cells)
    pins = {pin: frame.place_of(pin) for pin in frame.at_nm}
    placement = place(frame.m, buffered, frame.rows, frame.sites, pins, seed)
    gates = {f"x_{way}_{pin}": pin for pin in frame.edges for way in ("in", "out")}
    beside = {gates[s.gate.name]: s.site * frame.m.site for s in placement.slots if s.gate and s.gate.name in gates}
    return Digital(name, replace(frame, at_nm=beside | dict(frame.at_nm)), placement)
