"""Rows of abutted standard cells with their wires on `inner` and `row`, made from gates and a placement."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.periphery.access import accesses, beside, on_inner
from somaforge.generator.periphery.cells import CellGeometry, cell_geometry, fill, load_cell
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate
from somaforge.generator.periphery.route import Grid, Net, Node, route, shapes


@dataclass(frozen=True)
class Wire:
    """A wire on `row` that the cells get from outside: a column from one track to another."""

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
    """A wire on `column` over the cells, on one track; the net is joined to it somewhere between the columns."""

    net: str
    track: int
    low: int
    high: int


@dataclass(frozen=True)
class CellRows:
    """Rows of cells from the bottom; odd rows are mirrored, so that rows share rails (even rails gnd, odd vdd)."""

    m: PortMeasures
    name: str
    rows: tuple[tuple[Gate | None, ...], ...]
    """Gates from the left; None is a tap."""
    wires: tuple[Wire, ...] = ()
    hooks: tuple[Hook, ...] = ()
    closed: tuple[Node, ...] = ()
    """Nodes on `row` that something else needs."""
    columns: int = field(default=0)
    """Sites of a row; 0 is as many as the longest row needs."""

    @cached_property
    def sites(self) -> int:
        """Sites of a row."""
        longest = max(sites_of(self.m, row) for row in self.rows)
        if 0 < self.columns < longest:
            raise ValueError(f"{self.name}: {longest} sites do not fit {self.columns}")
        return self.columns or longest

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in nm."""
        return self.sites * self.m.site, len(self.rows) * self.m.row

    @property
    def cell_area(self) -> int:
        """Sum of the areas of its cells in nm2, without fill."""
        return sum(sites_of(self.m, row) for row in self.rows) * self.m.site * self.m.row

    def placed(self) -> list[tuple[Gate | None, kdb.Trans, CellGeometry]]:
        """Every cell with its place."""
        out = []
        height = self.m.row
        for k, row in enumerate(self.rows):
            x = 0
            for gate in row:
                cell = _cell(self.m, gate)
                at = kdb.Trans(kdb.Trans.M0, x, (k + 1) * height) if k % 2 else kdb.Trans(x, k * height)
                out.append((gate, at, cell))
                x += cell.sites * self.m.site
        return out

    @property
    def routed(self) -> tuple[Net, ...]:
        """The wires, which equal rows share; ValueError if there is no room."""
        return _routed(self)

    def _route(self) -> tuple[Net, ...]:
        # Rails reach beyond the cells: the fill has them, too.
        inner, cuts = kdb.Region(), kdb.Region()
        for k in range(len(self.rows) + 1):
            rail = kdb.Box(0, k * self.m.row, self.size[0], k * self.m.row)
            inner.insert(rail.enlarged(0, self.m.cells.rail_half_nm))
        for _, at, cell in self.placed():
            inner += cell.inner.transformed(at)
            for own in cell.pins_inner.values():
                inner -= own.transformed(at)
            cuts += cell.cuts.transformed(at)
        grid = Grid(self.m, self.sites, self.m.tracks * len(self.rows), inner.merged(), self.closed)
        nets: dict[str, Net] = {}
        for gate, at, cell in self.placed():
            for pin, net in self._pins(gate):
                own = cell.pins_inner.get(pin, kdb.Region()).transformed(at)
                found = accesses(grid, cell.pins[pin].transformed(at), cuts) if own.is_empty() else on_inner(grid, own)
                if not found:
                    raise ValueError(f"{self.name}: no contact reaches {cell.name}.{pin}")
                nets.setdefault(net, Net(net)).pins.append(found)
                nets[net].own |= beside(grid, own)
        for wire in self.wires:
            nets.setdefault(wire.net, Net(wire.net)).wires.append(wire.nodes)
        for hook in self.hooks:
            run = [(2, i, hook.track) for i in range(hook.low, hook.high + 1)]
            nets.setdefault(hook.net, Net(hook.net)).hooks.append(run)
        ordered = list(nets.values())
        route(grid, ordered)
        return tuple(ordered)

    def _pins(self, gate: Gate | None) -> Iterator[tuple[str, str]]:
        """(pin of the cell, net) of a gate."""
        if gate is not None:
            pins = self.m.cells.cell(gate.function, gate.drive).pins
            yield from ((pins[pin], net) for pin, net in gate.pins)

    def hook_ends(self, hook: Hook) -> tuple[int, int]:
        """Leftmost and rightmost via of a hook in nm."""
        vias = [v for net in self.routed if net.name == hook.net for v in net.vias2 if v[2] == hook.track]
        found = [self.m.column_x(v[1]) for v in vias]
        return min(found), max(found)

    def draw(self, canvas: Canvas) -> None:
        """Cells and wires into the canvas; a label at each wire names its net for the reader."""
        for _, at, cell in self.placed():
            canvas.cell.insert(kdb.CellInstArray(load_cell(self.m.cells, canvas.layout, cell.name).cell_index(), at))
        for k, row in enumerate(self.rows):
            fill(self.m.cells, canvas, sites_of(self.m, row) * self.m.site, self.size[0], k * self.m.row, k % 2 == 1)
        for net in self.routed:
            for layer, region in shapes(self.m, net).items():
                canvas.cell.shapes(canvas.layer(layer)).insert(region)
        end = canvas.r.row_via.size // 2 + canvas.r.row_via.above[0]
        for hook in self.hooks:
            y = self.m.track_y(hook.track)
            left, right = self.hook_ends(hook)
            canvas.box("column", left - end, y - end, right + end, y + end)


@lru_cache(maxsize=128)
def _routed(rows: CellRows) -> tuple[Net, ...]:
    """Designs have many rows in common, and each takes a second."""
    return rows._route()


def _cell(m: PortMeasures, gate: Gate | None) -> CellGeometry:
    name = m.cells.tap if gate is None else m.cells.cell(gate.function, gate.drive).name
    return cell_geometry(m.cells, name)


def sites_of(m: PortMeasures, gates: Sequence[Gate | None]) -> int:
    """Sites that a row of gates needs."""
    return sum(_cell(m, gate).sites for gate in gates)
