"""A block of this room: a row of cells that abut, with a margin at its left end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import klayout.db as kdb

from somaforge.generator.block import Block, Box, Port, Role, draw_ports
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.draw import Canvas
from somaforge.generator.names import GROUND, SUPPLY, cell_name
from somaforge.generator.readout.parts import Parts
from somaforge.generator.readout.row import Levels, RowPlan, Way, plan_row
from somaforge.generator.readout.row_draw import draw_row
from somaforge.generator.readout.strips import column_pitch
from somaforge.pdk import Pdk

MARGIN = "margin"
MARGIN_L = 4400
"""Channel length of the margin's dummy in nm: it ends as far from the next cell as the keeper with which a racer ends,
so that the first racer of a row sees what the others see."""


@dataclass(frozen=True)
class RowSpec:
    """What a row is, beside its circuits."""

    shared: Mapping[str, Role]
    """Nets that run along the row, from the lowest track up."""
    ways: Mapping[str, Mapping[str, Way]]
    """Role of a cell (names.cell_name) -> how those of its ports leave that are not shared."""
    roles: Mapping[str, Role]
    """Of the nets that leave; `in` stands for in_0, in_1, ... as well."""

    def role(self, net: str) -> Role:
        """Of a net of the whole row."""
        stem = net.rstrip("0123456789").rstrip("_")
        return self.shared.get(net) or self.roles.get(net) or self.roles[stem]


def margin(parts: Parts, name: str) -> Circuit:
    """A p channel that is always off stands where other cells have their neighbour's."""
    return Circuit(name, ("vdd", "gnd"), (parts.p("m_end_p", "vdd", "vdd", "vdd", parts.weak("p", MARGIN_L)),))


def with_margin(pdk: Pdk, library: Library) -> Library:
    """A library whose top circuit is a row of calls, with a margin of its own height in front of them."""
    first = margin(Parts(pdk), f"{library.top}_{MARGIN}")
    whole = library.circuits[library.top]
    whole = replace(whole, calls=(Call("x_margin", first.name, first.ports), *whole.calls))
    return Library({first.name: first, **library.circuits, whole.name: whole}, whole.name)


def row_block(pdk: Pdk, library: Library, design: str, spec: RowSpec) -> Block:
    """The row of a library whose top circuit is calls, the margin first. Shared nets that are ports leave upwards over
    the margin, supplies at the rails."""
    scratch = kdb.Layout()
    scratch.dbu = 0.001
    canvas = Canvas(scratch, pdk, library.top)
    ways = {cell_name(design, role): way for role, way in spec.ways.items()}
    names = list(dict.fromkeys(call.circuit for call in library.circuits[library.top].calls))
    plans = {name: plan_row(canvas, library.circuits[name], tuple(spec.shared), ways.get(name, {})) for name in names}
    row = _Row(library, plans, tuple(plans.values()), spec)
    ports = tuple(row.ports(Levels(canvas, row.order)))

    def draw(layout: kdb.Layout) -> kdb.Cell:
        cells = {name: Canvas(layout, pdk, name) for name in names}
        top = Canvas(layout, pdk, library.top)
        levels = Levels(top, row.order)
        for name in names:
            draw_row(cells[name], plans[name], levels)
        for call, x in row.places():
            top.place(cells[call.circuit], x, 0)
        row.draw_risers(top, levels)
        draw_ports(top, ports)
        top.box("boundary", *row.outline(levels))
        return top.cell

    return Block(library.top, row.outline(Levels(canvas, row.order)), ports, library, draw)


@dataclass(frozen=True)
class _Row:
    library: Library
    plans: Mapping[str, RowPlan]
    order: tuple[RowPlan, ...]
    spec: RowSpec

    @property
    def whole(self) -> Circuit:
        return self.library.circuits[self.library.top]

    def places(self) -> Iterator[tuple[Call, int]]:
        x = 0
        for call in self.whole.calls:
            yield call, x
            x += self.plans[call.circuit].width

    def outline(self, z: Levels) -> Box:
        return (0, 0, sum(self.plans[call.circuit].width for call in self.whole.calls), z.height)

    def risers(self, canvas: Canvas) -> Iterator[tuple[str, int]]:
        """Net and x of the shared nets that are ports."""
        pitch, width = 2 * column_pitch(canvas), self.plans[self.whole.calls[0].circuit].width
        nets = [net for net in self.spec.shared if net in self.whole.ports]
        if len(nets) * pitch > width:
            raise ValueError(
                f"{self.whole.name}: {len(nets)} nets leave over the margin, there is room for {width // pitch}"
            )
        for k, net in enumerate(nets):
            yield net, pitch // 2 + k * pitch

    def draw_risers(self, top: Canvas, z: Levels) -> None:
        half, width = top.r.row.width // 2, self.plans[self.whole.calls[0].circuit].width
        for net, x in self.risers(top):
            y = z.y(list(self.spec.shared).index(net))
            top.box("row", x, y - half, width + half, y + half)
            top.stack(x, y, "row", "column", "h")
            top.box("column", x - top.r.column.width // 2, y, x + top.r.column.width // 2, z.height)

    def ports(self, z: Levels) -> Iterator[Port]:
        half, rail = z.canvas.r.column.width // 2, z.canvas.m.rail_half
        x1, _, x2, height = self.outline(z)
        yield Port(SUPPLY, Role.SUPPLY, "inner", (x1, height - rail, x2, height + rail))
        yield Port(GROUND, Role.GROUND, "inner", (x1, -rail, x2, rail))

        def leaving(net: str, way: Way, x: int) -> Port:
            y = height - half if way == "up" else half
            return Port(net, self.spec.role(net), "column", (x - half, y - half, x + half, y + half))

        for net, x in self.risers(z.canvas):
            yield leaving(net, "up", x)
        for call, x in self.places():
            outer = dict(zip(self.library.circuits[call.circuit].ports, call.nets, strict=True))
            for net, way, at in self.plans[call.circuit].leaving:
                yield leaving(outer[net], way, x + at)
