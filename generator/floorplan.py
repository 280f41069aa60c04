"""Where everything lies: banks side by side, in each the somas and matrices of one or more layers on top of each other.

Physical row r of every bank lies at the same height, every second row is mirrored. A layer's somas stand left of the
matrix that they feed, in its rows. How a column's sum (on `column`, vertical) reaches the soma of its neuron:

- next bank: on `column` to the neuron's row, there on `strap` to the right, over the array;
- next block of the same bank, to the right of that block's columns, or into the outputs: on `column` to the neuron's
  row, there on `strap` to the left;
- next block of the same bank, below or above that block's own columns: in the row of wiring between the two blocks from
  `column` to `top`, on `top` over the columns to the neuron's row, there on `strap` to the left.

generator.stacking decides what lies where. Word lines leave at the left edge, those of inner banks on strap tracks over
the banks before; bit lines run through their whole bank and leave at the lower edge.
"""

from dataclasses import dataclass
from itertools import pairwise

from somaforge.generator.address import MemoryMap
from somaforge.generator.cells.plan import CorePlan
from somaforge.generator.cells.rows import Rows
from somaforge.generator.cells.soma import SomaPlan
from somaforge.generator.measures import Measures
from somaforge.generator.stacking import Stack
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class Floorplan:
    """Positions of the blocks in nm; the origin is the lower left corner of the first bank."""

    layers: tuple[int, ...]
    rows: Rows
    soma: SomaPlan
    synapse: CorePlan
    stack: Stack
    memory: MemoryMap
    measures: Measures
    somas: bool = True
    """False: a bank of drivers. Where somas would be, wires lead upwards from its rows' rails."""
    notched: bool = False
    """Whether supply straps leave the empty corner beyond the last bank's blocks free."""

    @property
    def drives(self) -> bool:
        """Whether it is the drivers: nothing is behind the columns of its last matrix, they are its outputs."""
        return len(self.stack.bases) < len(self.layers)

    @property
    def outputs(self) -> int:
        """The block of the outputs, after the last matrix; drivers have none."""
        return len(self.layers) - 1

    def columns(self, block: int) -> int:
        """Columns of a matrix, or the one column of output synapses."""
        return self.layers[block + 1] if block < self.outputs else 1

    def row(self, block: int, r: int) -> int:
        """Physical row of row r of a block: of a neuron of layer `block`."""
        return self.stack.bases[block] + r

    def bank_width(self, bank: int) -> int:
        """Somas and columns."""
        return self.soma.width + max(self.columns(b) for b in self.stack.banks[bank]) * self.synapse.width

    def bank_x(self, bank: int) -> int:
        """Left edge of a bank: of the somas before its matrices."""
        return sum(self.bank_width(b) for b in range(bank))

    def soma_x(self, layer: int) -> int:
        """Left edge of a layer's somas."""
        return self.bank_x(self.stack.bank(layer))

    def block_x(self, block: int) -> int:
        """Left edge of a matrix or of the output synapses."""
        return self.soma_x(block) + self.soma.width

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

    def extent(self, block: int) -> tuple[int, int]:
        """Lower and upper edge of a block."""
        return self.row(block, 0) * self.rows.height, self.row(block, self.layers[block]) * self.rows.height

    def sum_x(self, matrix: int, column: int) -> int:
        """The vertical wire of a column's sum."""
        return self.block_x(matrix) + column * self.synapse.width + self.synapse.out_line

    def climbs(self, matrix: int, column: int) -> bool:
        """Whether a column's sum goes over the next matrix on `top`."""
        same = self.stack.bank(matrix) == self.stack.bank(matrix + 1)
        return same and matrix + 1 < self.outputs and column < self.columns(matrix + 1)

    def climb_x(self, matrix: int, column: int) -> int:
        """Centre of that wire on `top`: beside the column's own sum, which may leave in the same row to the right."""
        return self.sum_x(matrix, column) - self.measures.strap_via_clearance

    def wiring_row(self, matrix: int) -> int:
        """The row between a matrix and the next one of its bank."""
        base, following = self.stack.bases[matrix], self.stack.bases[matrix + 1]
        return following - 1 if following > base else base - 1

    @property
    def input_y(self) -> int:
        """Height in the row at which the strap wire enters a soma."""
        return self.rows.switch[1]

    def word_track_y(self, bank: int) -> int:
        """Height in the row of the strap track of an inner bank's word line; InputError if the row is full."""
        first = max(self.rows.word_y, self.input_y + self.measures.strap_via_clearance)
        y = first + (bank - 1) * self.measures.word_track
        m = self.measures
        if y + m.strap_half + m.rules.strap.space > self.rows.height - m.power_half:
            raise InputError(f"array.layers: no track is left over the rows for the word lines of bank {bank}")
        return y

    def word_pin(self, bank: int, row: int) -> tuple[str, int, int]:
        """Layer and centre of the pin of a word line, at the macro's left edge; `row` is a physical row."""
        left = self.die[0]
        if bank == 0:
            return "row", left + self.measures.bus_half, self.y(row, self.rows.word_y)
        return "strap", left + self.measures.strap_half, self.y(row, self.word_track_y(bank))

    def bit_line_x(self, bank: int, column: int, bit: int) -> tuple[int, int]:
        """Centres of a column's pair of bit lines (true, complement), down to the macro's lower edge."""
        slot = self.bank_x(bank) + self.soma.width + column * self.synapse.width + self.synapse.slot(bit)
        return slot + self.synapse.latch.bl_line, slot + self.synapse.latch.blb_line

    def bit_line_gaps(self, bank: int, column: int) -> list[tuple[int, int]]:
        """From the macro's lower edge up to the column's highest synapse: where no matrix has its bit lines."""
        spans = sorted(self.extent(m) for m in self.memory.banks[bank] if column < self.columns(m))
        edges = [self.die[1], *(y for span in spans for y in span)]
        return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=False) if high > low]

    @property
    def width(self) -> int:
        """Right edge of the last bank."""
        return self.bank_x(len(self.stack.banks))

    @property
    def row_count(self) -> int:
        """Physical rows: as many as the tallest layer has of those with somas."""
        return max(self.layers[: len(self.stack.bases)])

    @property
    def die(self) -> tuple[int, int, int, int]:
        """The macro's outline: x1, y1, x2, y2."""
        edge = self.measures.edge
        return -edge, -edge, self.width + edge, self.row_count * self.rows.height + edge

    @property
    def notch(self) -> tuple[int, int, int, int] | None:
        """The corner at the upper right where no bank but the last one would have cells, if straps leave it free."""
        last = len(self.stack.banks) - 1
        top = max(self.extent(b)[1] for b in self.stack.banks[last])
        if not self.notched or top == self.row_count * self.rows.height:
            return None
        return self.bank_x(last), top, self.width, self.row_count * self.rows.height

    def rail_x(self, row: int, which: int) -> int:
        """Of a bank of drivers: where the rail vp (0) or vn (1) of a row leads upwards."""
        pitch = self.measures.lane_pitch
        return pitch // 2 + (2 * row + which) * pitch

    def cell_area_um2(self) -> float:
        """Sum of the areas of all somas, synapses and output synapses."""
        somas = sum(self.layers[: len(self.stack.bases)]) * self.soma.width * self.somas
        synapses = sum(a * b for a, b in pairwise(self.layers)) + (0 if self.drives else self.layers[-1])
        return (somas + synapses * self.synapse.width) * self.rows.height / 1e6
