"""Where everything lies: somas, matrices and output synapses side by side, and the wires that join the layers.

From left to right: the input somas, the first matrix, the next layer's somas, the next matrix, ..., the output somas
and the output synapses. Row r of every block lies at the same height, every second row is mirrored. A column's sum
(met3, vertical) meets the row of the neuron that it feeds somewhere over its matrix: there a met4 wire takes it to the
right, over the array, to that neuron's soma. Word lines of inner matrices arrive on met4 as well.
"""

from dataclasses import dataclass
from itertools import pairwise

from somaforge.generator.address import MemoryMap
from somaforge.generator.cells.plan import BUS_HALF, CorePlan
from somaforge.generator.cells.rows import Rows
from somaforge.generator.cells.soma import SomaPlan
from somaforge.pdk.errors import InputError

EDGE_NM = 2000
"""From the outermost cells to the macro's edge: wells, taps and pins fit in it."""
WORD_TRACK_NM = 700
"""Pitch of the met4 tracks of the word lines over a row: twice m4.1 and some room for coupling."""


@dataclass(frozen=True)
class Floorplan:
    """Positions of the blocks in nm; the origin is the lower left corner of the first soma."""

    layers: tuple[int, ...]
    rows: Rows
    soma: SomaPlan
    synapse: CorePlan
    memory: MemoryMap
    wire_half: int
    """Half width of a met4 wire."""

    def bank_x(self, bank: int) -> int:
        """Left edge of a bank: of the somas before its matrices."""
        return self.soma_x(self.memory.banks[bank][0])

    def soma_x(self, layer: int) -> int:
        """Left edge of a layer's somas."""
        return sum(self.soma.width + columns * self.synapse.width for columns in self.layers[1 : layer + 1])

    def matrix_x(self, matrix: int) -> int:
        """Left edge of a matrix; the output synapses are the block after the last one."""
        return self.soma_x(matrix) + self.soma.width

    def is_mirrored(self, row: int) -> bool:
        """Every second row is mirrored, so that neighbours share rails, taps and wells."""
        return row % 2 == 1

    def y(self, row: int, local: int) -> int:
        """Height of a cell's position `local` in a row."""
        base = row * self.rows.height
        return base + (self.rows.height - local if self.is_mirrored(row) else local)

    def row_origin(self, row: int) -> int:
        """Where a cell of that row is placed: mirrored cells hang from their upper edge."""
        return (row + 1 if self.is_mirrored(row) else row) * self.rows.height

    def sum_x(self, matrix: int, column: int) -> int:
        """The vertical wire of a column's sum."""
        return self.matrix_x(matrix) + column * self.synapse.width + self.synapse.out_line

    @property
    def input_y(self) -> int:
        """Height in the row at which the met4 wire enters a soma."""
        return self.rows.switch[1]

    def word_track_y(self, bank: int) -> int:
        """Height in the row of the met4 track of an inner bank's word line; InputError if the row is full."""
        y = self.rows.word_y + (bank - 1) * WORD_TRACK_NM
        if y > self.rows.height - 2 * WORD_TRACK_NM:
            raise InputError(f"array.layers: no track is left over the rows for the word lines of bank {bank}")
        return y

    def word_pin(self, bank: int, row: int) -> tuple[str, int, int]:
        """Layer and centre of the pin of a word line, at the macro's left edge; `row` is a physical row."""
        left = self.die[0]
        if bank == 0:
            return "met2", left + BUS_HALF, self.y(row, self.rows.word_y)
        return "met4", left + self.wire_half, self.y(row, self.word_track_y(bank))

    def bit_line_x(self, bank: int, column: int, bit: int) -> tuple[int, int]:
        """Centres of a column's pair of bit lines (true, complement): met3, down to the macro's lower edge."""
        slot = self.bank_x(bank) + self.soma.width + column * self.synapse.width + self.synapse.slot(bit)
        return slot + self.synapse.latch.bl_line, slot + self.synapse.latch.blb_line

    @property
    def width(self) -> int:
        """Right edge of the output synapses."""
        return self.matrix_x(len(self.layers) - 1) + self.synapse.width

    @property
    def row_count(self) -> int:
        """Rows of the tallest block."""
        return max(self.layers)

    @property
    def die(self) -> tuple[int, int, int, int]:
        """The macro's outline: x1, y1, x2, y2."""
        return -EDGE_NM, -EDGE_NM, self.width + EDGE_NM, self.row_count * self.rows.height + EDGE_NM

    def cell_area_um2(self) -> float:
        """Sum of the areas of all somas, synapses and output synapses."""
        somas = sum(self.layers) * self.soma.width
        synapses = sum(a * b for a, b in pairwise(self.layers)) + self.layers[-1]
        return (somas + synapses * self.synapse.width) * self.rows.height / 1e6
