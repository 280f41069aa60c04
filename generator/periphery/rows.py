"""The row select: one row slice beside every physical row, repeaters in the first row of every segment."""

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.names import word_line
from somaforge.generator.periphery.cell_rows import CellRows, Hook, Wire, sites_of
from somaforge.generator.periphery.group import strap_nodes
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, repeaters_of_segment, row_slice
from somaforge.generator.periphery.plan import FOLDS, PeripheryPlan

STRAPS = {"gnd": 1, "vdd": 3}
"""Columns of the power straps."""
CLOCK, SELECT, UP, DOWN = 2, 13, 5, 9
"""Columns: the segment's clock and select, the clock on its way up and on its way down from the next segment."""
TOKENS = (11, 7)
"""Columns on which the token leaves even and odd rows upwards; it comes in on the other one."""


def word_track(m: PortMeasures) -> int:
    """Track of the word line on `column`: in the middle of the second row of cells, where the driver is."""
    return m.tracks + m.tracks // 2 - 1


def row_cells(plan: PeripheryPlan, row: int) -> tuple[tuple[Gate | None, ...], ...]:
    """Rows of cells of a row slice from below; None is a tap. The first slice of a segment has the repeaters."""
    segment, place = divmod(row, plan.gates.row_segment)
    token, word, driver = row_slice(row, segment, plan.gates.word_drive)
    repeaters = () if place else repeaters_of_segment(segment, plan.gates.segments - 1)
    if plan.fold == FOLDS:
        return (token, None), (driver,), (word, None, *repeaters)
    return (token, None, word, *repeaters[:1]), (driver, *repeaters[1:])


def slice_of(plan: PeripheryPlan, row: int) -> CellRows:
    """The row slice of a row. Odd rows will be mirrored."""
    m, gates = plan.m, plan.gates
    # Tracks of a repeater's row where its input from below ends and its output upwards begins.
    below, above = m.tracks // 2 - 2, m.tracks // 2 + 1
    segment, place = divmod(row, gates.row_segment)
    last = gates.segments - 1
    token, word, driver = row_slice(row, segment, gates.word_drive)
    up, clock, select = repeaters_of_segment(segment, last)
    top = plan.fold * m.tracks - 1
    out, into = TOKENS[row % 2], TOKENS[1 - row % 2]
    wires = [
        Wire(token.net("clock"), CLOCK, 0, top),
        Wire(token.output, out, 1, top),
        Wire(token.net("data"), into, 0, top - 1),
    ]
    if place:
        wires.append(Wire(word.net("b"), SELECT, 0, top))
        if segment < last:
            wires += [Wire(up.output, UP, 0, top), Wire(clock.net("a"), DOWN, 0, top)]
    else:
        base = top + 1 - m.tracks
        base_up = base if plan.fold == FOLDS else 0
        wires += [Wire(select.net("a"), SELECT, 0, base + below), Wire(select.output, SELECT, base + above, top)]
        wires.append(Wire(up.net("a"), UP, 0, base_up + below))
        if segment:
            wires.append(Wire(clock.output, DOWN, 0, base + below))
        if segment < last:
            wires.append(Wire(up.output, UP, base_up + above, top))
            wires.append(Wire(clock.net("a"), DOWN, base + above, top))
    if row % 2:
        wires = [Wire(w.net, w.column, top - w.high, top - w.low) for w in wires]
    kind = ("odd" if row % 2 else "even") if place else "first" if segment == 0 else "repeaters"
    name = f"row_slice_{kind}" + ("_last" if segment == last else "")
    columns = max(sites_of(m, cells) for cells in row_cells(plan, 0))
    hook = Hook(driver.output, word_track(m), max(STRAPS.values()) + 2, columns - 1)
    closed = strap_nodes(m, STRAPS, plan.fold)
    return CellRows(m, name, row_cells(plan, row), tuple(wires), (hook,), closed, columns)


class RowPainter:
    """Draws the row select in the core's coordinates."""

    def __init__(self, layout: kdb.Layout, canvas: Canvas, plan: PeripheryPlan) -> None:
        self.layout, self.canvas, self.plan, self.m = layout, canvas, plan, plan.m
        self.cells: dict[str, tuple[CellRows, Canvas]] = {}
        self.cell_area = 0
        self.width = slice_of(plan, 0).size[0]
        # As wide as the pads on it: a pad just above a driver's wire would leave a notch.
        self.word_half = max(canvas.pad("column", "row", "column", "h"))
        self.word_tracks = self._word_tracks()
        self.word_pitch = 2 * self.word_half + canvas.r.column.space
        self.right = plan.floor.die[0] - plan.m.word_space - max(self.word_tracks) * self.word_pitch
        self.left = self.right - self.width

    def column(self, number: int) -> int:
        """Centre of a column."""
        return self.left + self.m.column_x(number)

    def draw(self) -> None:
        """All rows, the columns between them and the wires to the word lines."""
        for row in range(self.plan.floor.memory.rows):
            cells = slice_of(self.plan, row)
            if cells.name not in self.cells:
                cell = Canvas(self.layout, self.canvas.pdk, cells.name)
                cells.draw(cell)
                self._straps(cell)
                self.cells[cells.name] = (cells, cell)
            cells, cell = self.cells[cells.name]
            self.cell_area += cells.cell_area
            self.canvas.place(cell, self.left, self.plan.row_y(row) + row % 2 * self.height, row % 2 == 1)
            self._word(row, self.left + cells.hook_ends(cells.hooks[0])[0])
            if row:
                self._between(row)
        self._power()

    @property
    def height(self) -> int:
        """Of a row slice."""
        return self.plan.fold * self.m.row

    def _between(self, row: int) -> None:
        """From the row below to this row: token, select, and what passes on to or comes from the next segments."""
        gates = self.plan.gates
        segment, place = divmod(row, gates.row_segment)
        low = self.plan.row_y(row - 1) + self.height - self.m.row // 4
        high = self.plan.row_y(row) + self.m.row // 4
        passing = (UP, DOWN) if not place or segment + 1 < gates.segments else ()
        for number in (TOKENS[1 - row % 2], SELECT, *((CLOCK,) if place else ()), *passing):
            x = self.column(number)
            self.canvas.line("row", x, low, x, high, 2 * self.m.wire_half)

    def _driver_y(self, row: int) -> int:
        """Height of a driver's word line."""
        local = self.m.track_y(word_track(self.m))
        return self.plan.row_y(row) + (self.height - local if row % 2 else local)

    def _word_pins(self, row: int) -> list[tuple[int, tuple[str, int, int]]]:
        """Banks that have this row, with their pins."""
        memory = self.plan.floor.memory
        banks = (bank for bank in range(len(memory.banks)) if row in memory.word_rows(bank))
        return [(bank, self.plan.floor.word_pin(bank, row)) for bank in banks]

    def _word_tracks(self) -> list[int]:
        """Track of every row's vertical wire, counted from the slices.

        A row slice of a run lies lower than its row in the array: where its driver lies below the highest pin of the
        row before, that row's wire passes it on a track further out.
        """
        ends = [
            [self._driver_y(row), *(pin[2] for _, pin in self._word_pins(row))]
            for row in range(self.plan.floor.memory.rows)
        ]
        space = 2 * self.word_half + self.canvas.r.column.space
        tracks = [0] * len(ends)
        for row in range(len(ends) - 2, -1, -1):
            if max(ends[row]) + space > min(ends[row + 1]):
                tracks[row] = tracks[row + 1] + 1
        return tracks

    def _word(self, row: int, start: int) -> None:
        """From the driver on `column` to the pins of all banks that have this row."""
        canvas, floor = self.canvas, self.plan.floor
        x = self.right + self.m.word_space // 2 + self.word_tracks[row] * self.word_pitch
        half, pad = canvas.r.column.width // 2, self.word_half
        y, pins = self._driver_y(row), self._word_pins(row)
        ys = [y, *(pin[2] for _, pin in pins)]
        canvas.box("column", start, y - half, x + half, y + half)
        canvas.box("column", x - pad, min(ys) - pad, x + pad, max(ys) + pad)
        for bank, (layer, _, pin_y) in pins:
            wide = floor.measures.strap_half if layer == "strap" else floor.measures.bus_half
            canvas.stack(x, pin_y, *(("column", "strap") if layer == "strap" else ("row", "column")), "h")
            canvas.box(layer, x, pin_y - wide, floor.die[0] + wide, pin_y + wide)
            canvas.label(layer, word_line(bank, row), x, pin_y)

    def _straps(self, cell: Canvas) -> None:
        """The power straps over a row slice. They are part of it: KLayout 0.30 fails on a cell of which the substrate
        joins one supply and only the cell above the other one."""
        for net, number in STRAPS.items():
            x, half = self.m.column_x(number), self.m.strap_half
            cell.box("column", x - half, 0, x + half, self.height)
            for k in range(net == "vdd", self.plan.fold + 1, 2):
                cell.stack(x, k * self.m.row, "inner", "column", "h")

    def _power(self) -> None:
        """Straps on `column` through all rows; the array's own are drawn on to here and join them."""
        canvas, floor = self.canvas, self.plan.floor
        top = floor.row_count * floor.rows.height
        half = self.m.strap_half
        for number in STRAPS.values():
            x = self.column(number)
            canvas.box("column", x - half, -half, x + half, top + half)
        for k in range(floor.row_count + 1):
            net, y = ("vdd" if k % 2 else "gnd"), k * floor.rows.height
            canvas.box("strap", self.left, y - half, floor.die[0], y + half)
            canvas.stack(self.column(STRAPS[net]), y, "column", "strap", "h")
