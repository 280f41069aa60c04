"""The row select: one row slice beside every physical row, repeaters beside the first row of every segment."""

import klayout.db as kdb

from somaforge.generator.address import word_line
from somaforge.generator.draw import Canvas
from somaforge.generator.periphery.block import Block, Hook, Wire
from somaforge.generator.periphery.cells import ROW
from somaforge.generator.periphery.group import column_x, strap_nodes
from somaforge.generator.periphery.netlist import Gate, repeaters_of_segment, row_slice
from somaforge.generator.periphery.plan import WORD_SPACE, PeripheryPlan
from somaforge.generator.periphery.route import TRACKS, WIRE_HALF

LEFT = 13
"""Sites of the repeaters, left of every row slice."""
CLOCK, OWN, BEFORE, SELECT = LEFT + 1, LEFT + 5, LEFT + 4, LEFT + 21
"""met2 columns: the segment's clock, the row's token, the token of the row below, the segment's select."""
UP, DOWN, ACROSS = 1, 4, 9
"""met2 columns of the repeaters: the clock on its way up and down, and select."""
STRAPS = {"gnd": LEFT + 8, "vdd": LEFT + 10}
"""Columns of the power straps."""
WORD_TRACK = 4
"""met3 track of the word line."""
LOW, HIGH = TRACKS // 2 - 2, TRACKS // 2 + 1
"""Where a repeater's input from below ends and its output upwards begins."""


def row_block(plan: PeripheryPlan, row: int) -> Block:
    """The row slice of a row; the first of a segment has the repeaters."""
    gates = plan.gates
    segment, first = divmod(row, gates.row_segment)
    token, word, driver = row_slice(row, segment, gates.word_driver)
    cells: tuple[Gate | None, ...] = (token, None, word, driver)
    wires = [
        Wire(token.net("CLK"), CLOCK, 0, TRACKS - 1),
        Wire(word.net("B"), SELECT, 0, TRACKS - 1),
        Wire(token.net("Q"), OWN, 1, TRACKS - 1),
        Wire(token.net("D"), BEFORE, 0, TRACKS - 2),
    ]
    name, columns = "row_slice", 0
    if first == 0:
        last = gates.segments - 1
        up, clock, select = repeaters_of_segment(segment, last)
        cells = (up, clock, select, None, *cells)
        wires += [Wire(up.net("A"), UP, 0, LOW), Wire(select.net("A"), ACROSS, 0, LOW)]
        if segment:
            wires.append(Wire(clock.net("X"), DOWN, 0, LOW))
        if segment < last:
            wires.append(Wire(up.net("X"), UP, HIGH, TRACKS - 1))
            wires.append(Wire(clock.net("A"), DOWN, HIGH, TRACKS - 1))
            wires.append(Wire(select.net("X"), ACROSS, HIGH, TRACKS - 1))
        name = f"row_repeaters_{'first' if segment == 0 else 'inner' if segment < last else 'last'}"
        name += "_only" if last == 0 else ""
    else:
        wires = [Wire(w.net, w.column - LEFT, w.low, w.high) for w in wires]
    shift = 0 if first == 0 else LEFT
    straps = {net: column - shift for net, column in STRAPS.items()}
    sites = Block(name, (cells,)).sites
    hook = Hook(driver.net("X"), WORD_TRACK, sites - 10, sites - 1)
    return Block(name, (cells,), tuple(wires), (hook,), strap_nodes(straps, 1), columns)


class RowPainter:
    """Draws the row select in the core's coordinates."""

    def __init__(self, layout: kdb.Layout, canvas: Canvas, plan: PeripheryPlan) -> None:
        self.layout, self.canvas, self.plan = layout, canvas, plan
        self.cells: dict[str, tuple[Block, Canvas]] = {}
        self.width = row_block(plan, 0).size[0]
        self.right = plan.floor.die[0] - WORD_SPACE
        self.left = self.right - self.width

    def column(self, number: int) -> int:
        """Centre of a met2 column of the blocks with repeaters."""
        return self.left + column_x(number)

    def y(self, row: int) -> int:
        """Lower edge of a row's cells: in the middle of the array's row."""
        height = self.plan.floor.rows.height
        return row * height + (height - ROW) // 10 * 5

    def draw(self) -> None:
        """All rows, the columns between them and the wires to the word lines."""
        for row in range(self.plan.floor.memory.rows):
            block = row_block(self.plan, row)
            if block.name not in self.cells:
                cell = Canvas(self.layout, self.canvas.pdk, block.name)
                block.draw(cell)
                self.cells[block.name] = (block, cell)
            block, cell = self.cells[block.name]
            self.canvas.place(cell, self.right - block.size[0], self.y(row))
            self._word(row, self.right - block.size[0] + block.hook_ends(block.hooks[0])[0])
            if row:
                self._between(row)
        self._power()

    def _met2(self, number: int, low: int, high: int) -> None:
        x = self.column(number)
        self.canvas.line("met2", x, low, x, high, 2 * WIRE_HALF)

    def _between(self, row: int) -> None:
        """From the row below to this row: the token, and within a segment its clock and select."""
        below, above = self.y(row - 1) + ROW, self.y(row)
        middle = (below + above) // 10 * 5
        self._met2(OWN, below - ROW // 4, middle)
        self.canvas.line("met2", self.column(OWN), middle, self.column(BEFORE), middle, 2 * WIRE_HALF)
        self._met2(BEFORE, middle, above + ROW // 4)
        segment = self.plan.gates.row_segment
        if row % segment:
            for number in (CLOCK, SELECT):
                self._met2(number, below - ROW // 4, above + ROW // 4)
        else:
            start = self.y(row - segment) + ROW
            for number in (UP, DOWN, ACROSS):
                self._met2(number, start - ROW // 4, above + ROW // 4)

    def _word(self, row: int, start: int) -> None:
        """From the driver on met3 to the pins of all banks that have this row."""
        canvas, floor = self.canvas, self.plan.floor
        x = self.right + WORD_SPACE // 2
        half = canvas.r["m3.1"] // 2
        y = self.y(row) + ROW * (2 * WORD_TRACK + 1) // (2 * TRACKS)
        pins = [
            (bank, floor.word_pin(bank, row))
            for bank in range(len(floor.memory.banks))
            if row in floor.memory.word_rows(bank)
        ]
        ys = [y, *(pin[2] for _, pin in pins)]
        canvas.box("met3", start, y - half, x + half, y + half)
        # As wide as the pads on it: a pad just above the driver's wire would leave a notch.
        pad = max(canvas.pad("met3", "met2", "met3", "h"))
        canvas.box("met3", x - pad, min(ys) - pad, x + pad, max(ys) + pad)
        for bank, (layer, _, pin_y) in pins:
            wide = floor.wires.met4_half if layer == "met4" else 140
            canvas.stack(x, pin_y, *(("met3", "met4") if layer == "met4" else ("met2", "met3")), "h")
            canvas.box(layer, x, pin_y - wide, floor.die[0] + wide, pin_y + wide)
            canvas.label(layer, word_line(bank, row), x, pin_y)

    def _power(self) -> None:
        """Vertical met3 straps over the rows' rails; the array's met4 straps are drawn on to here and join them."""
        canvas, floor = self.canvas, self.plan.floor
        top = floor.row_count * floor.rows.height
        half = 300
        for net, number in STRAPS.items():
            x = self.column(number)
            canvas.box("met3", x - half, -half, x + half, top + half)
            for row in range(floor.memory.rows):
                canvas.stack(x, self.y(row) + (ROW if net == "vdd" else 0), "met1", "met3", "h")
        for k in range(floor.row_count + 1):
            net, y = ("vdd" if k % 2 else "gnd"), k * floor.rows.height
            canvas.box("met4", self.left, y - half, floor.die[0], y + half)
            canvas.stack(self.column(STRAPS[net]), y, "met3", "met4", "h")
