"""The loop on a chip behind a board: latches, characterization, training, programming, its own decisions."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.bench import in_loop, probe
from somaforge.flow.bench.board import Board, Decision
from somaforge.flow.bench.chip import Known, Stuck, blank_chip, highest_A, learn, tested
from somaforge.flow.bench.journal import Journal
from somaforge.flow.bench.meter import LEVELS, QUIET_MS, BoardBench
from somaforge.flow.datasets import Labels
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Dead
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
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


@dataclass(frozen=True)
class Wanted:
    """How a chip is taken through the loop."""

    reference: bool = False
    """The chip's own instead of the pin's current."""
    quiet_ms: int = QUIET_MS
    epochs: int = 0
    """Of training with the chip in the loop, after that with its model."""
    journal: Journal | None = None
    """Where readings are kept until the end."""
    compared: Program | None = None
    """Weights beside its own whose decisions are asked for, too."""


def run(
    spec: Spec, board: Board, wanted: Wanted | None = None, *, say: Callable[[str], None] = lambda text: None
) -> Known:
    """Everything; CheckError for a chip that cannot work, ToolError if the board goes away."""
    wanted, found, chip = wanted or Wanted(), Known(), blank_chip(spec)
    bench = BoardBench.on(board, spec, highest_A(spec), wanted.reference, wanted.quiet_ms)
    bench.journal = wanted.journal
    say("latches")
    wrong = board.wrong_data_lines() or board.wrong_pattern_latches()
    if wrong:
        raise CheckError(f"board: {wrong[0]} ({len(wrong)} in all); no pattern can be trusted")
    stuck = stuck_latches(board)
    say(f"{len(stuck)} latches stuck; zero of all outputs")
    bench.zero(chip.codes)
    say("paths")
    dead = _dead(spec, probe.through(bench, chip, highest_A(spec)))
    say(f"{len(dead)} somas dead")
    codes = learn(spec, bench, chip, found, levels=LEVELS, stuck=stuck, dead=dead, say=say).codes
    _, y = tested(spec)
    if wanted.epochs:
        say("decisions before training in the loop")
        _program(board, codes, stuck)
        found.alone = _right(_decisions(spec, bench), y)
        say("training in the loop")
        codes = in_loop.train(spec, bench, chip, found, wanted.epochs, lambda c: _program(board, c, stuck))
    say("decisions")
    _program(board, codes, stuck)
    decisions = _decisions(spec, bench)
    found.accuracy = _right(decisions, y)
    found.undecided = sum(d.winner is None for d in decisions)
    found.patterns = len(y)
    found.races_s = tuple(d.race_s for d in decisions if d.winner is not None)
    if wanted.compared is not None:
        _program(board, wanted.compared, stuck)
        found.compared = tuple(d.winner for d in _decisions(spec, bench))
    return found


def _dead(spec: Spec, best: list[Floats]) -> Dead:
    """Dead somas; CheckError if one of them is an output that the network needs: nothing can be trained around it."""
    found = probe.dead(best)
    for layer, soma in found:
        if layer == len(best) - 1 and soma < spec.network.layers[-1]:
            raise CheckError(f"board: output {soma} is dead: nothing comes through it, its class can never win")
    return found


def _decisions(spec: Spec, bench: BoardBench) -> list[Decision]:
    """Of the test patterns, with the weights that are in the chip."""
    x, _ = tested(spec)
    dataset = datasets.load(spec.network.dataset)
    encoder = Encoder.of(bench.bank.scale, dataset)
    full = bench.settable(encoder.full_A(dataset, spec))
    return [bench.show(pattern, full, spec.evaluation.pattern_time_s) for pattern in encoder.codes(x)]


def _right(decisions: list[Decision], labels: Labels) -> float:
    return float(np.mean([d.winner == int(label) for d, label in zip(decisions, labels, strict=True)]))


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
