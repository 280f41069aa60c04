"""The loop on a chip behind a board: latches, characterization, training, programming, its own decisions."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.chip import Known, Stuck, blank_chip, highest_A, learn, tested
from somaforge.flow.bench.meter import LEVELS, QUIET_MS, BoardBench
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.base import Program
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError

FEW = 0.02
"""More latches than that share are no broken latches: the port does not work."""


def stuck_latches(board: Board) -> Stuck:
    """Writes and reads back every latch with both values. CheckError if the port itself cannot work."""
    layers, bits = board.control.weights.layers, board.control.weights.bits
    full = 2**bits - 1
    found = set()
    for value in (full, -full, 0):
        codes = tuple(np.full(shape, value, dtype=np.int64) for shape in pairwise(layers))
        found |= {(b.matrix, b.row, b.column, b.bit, read) for b, _, read in board.wrong_bits_after(codes)}
    latches = (bits + 1) * sum(a * b for a, b in pairwise(layers))
    if len(found) > max(FEW * latches, 3):
        raise CheckError(
            f"board: {len(found)} of {latches} latches do not hold what is written; clock too fast, supply too low, or "
            "data lines swapped"
        )
    return tuple(sorted(found))


def run(
    spec: Spec,
    board: Board,
    *,
    reference: bool = False,
    quiet_ms: int = QUIET_MS,
    say: Callable[[str], None] = lambda text: None,
) -> Known:
    """Everything; CheckError for a chip that is dead somewhere, ToolError if the board goes away."""
    found, chip = Known(), blank_chip(spec)
    bench = BoardBench.on(board, spec, highest_A(spec), reference, quiet_ms)
    say("latches")
    stuck = stuck_latches(board)
    say(f"{len(stuck)} latches stuck; zero of all outputs")
    bench.zero(chip.codes)
    codes = learn(spec, bench, chip, found, levels=LEVELS, stuck=stuck, say=say).codes
    say("decisions")
    _program(board, codes, stuck)
    x, y = tested(spec)
    dataset = datasets.load(spec.network.dataset)
    encoder = Encoder.of(bench.bank.scale, dataset)
    full = bench.settable(encoder.full_A(dataset, spec))
    winners = [bench.show(pattern, full, spec.evaluation.pattern_time_s) for pattern in encoder.codes(x)]
    found.accuracy = float(np.mean([w == int(label) for w, label in zip(winners, y, strict=True)]))
    found.undecided = sum(w is None for w in winners)
    found.patterns = len(y)
    return found


def _program(board: Board, codes: Program, stuck: Stuck) -> None:
    """Writes the network and reads it back: CheckError if a latch that is not known as stuck is wrong."""
    board.write(codes)
    known = {place[:4] for place in stuck}
    wrong = [b for b, _, _ in board.wrong_bits(codes) if (b.matrix, b.row, b.column, b.bit) not in known]
    if wrong:
        b = wrong[0]
        raise CheckError(
            f"board: latch of matrix {b.matrix}, row {b.row}, column {b.column}, bit {b.bit} does not hold its weight "
            f"({len(wrong)} in all), though it did before"
        )
