"""The digital half of kept decisions: codes in through the serial pins, the class register out, in Verilog simulation.

The control and both ports are simulated with the firmware's own code before them. What stands in the latches when a
race begins is compared with what ngspice had in its drivers and weights, and the race ends as ngspice said: winners,
validity, time.
"""

from pathlib import Path

from chip_parts.decisions import Prototype, Row
from chip_parts.sequence import words
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.cosim import CLOCK_HZ, Answered, Asked, SimulatedPins, Word
from somaforge.flow.bench.firmware.wire import Wire
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.streams import Near
from somaforge.flow.readout.decide import from_drivers
from somaforge.generator import drivers
from somaforge.generator.control import Control
from somaforge.pdk.errors import ToolError


def play(made: Prototype, rows: list[Row], folder: Path) -> list[int | None]:
    """The class register for every row, None where it holds no class; all of one chip. ToolError if a latch holds what
    ngspice did not have."""
    control = Control.of(made.design)
    codes = made.codes(rows[0]["chip"])
    wanted = words(control.weights, codes)
    ratio = from_drivers(drivers.build(made.spec), made.latches[:1], made.references_A, 1.0).ratio
    by_pattern = {words(control.pattern, (made.latches[row["flower"]],)): row for row in rows}

    def answer(asked: Asked) -> Answered:
        if _held(asked.weights) != _held(wanted):
            raise ToolError("chip: its latches do not hold the weights that ngspice had")
        row = by_pattern.get(_held(asked.pattern))
        if row is None or asked.ratio != ratio or asked.reference:
            raise ToolError("chip: its latches hold a pattern, or its bias a ratio, that ngspice did not have")
        late = 1.0 if row["decided_s"] is None else row["decided_s"] - row["settle_s"]
        return Answered(row["winners"], row["valid"], late)

    found = []
    with SimulatedPins(control, answer, folder) as pins:
        board = Board(Link(Near(Wire(pins, "ngspice", CLOCK_HZ).line)), control)
        board.write(codes)
        wrong = board.wrong_bits(codes)
        if wrong:
            raise ToolError(f"chip: {len(wrong)} latches were not written")
        board.configure(ratio, reference=False)
        for row in rows:
            board.load(made.latches[row["flower"]])
            found.append(board.decide(row["settle_s"]).winner)
    return found


def _held(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Latches that were never written hold nothing that matters."""
    return tuple(tuple(bit or 0 for bit in word) for word in words)
