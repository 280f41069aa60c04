"""What is wrong with a chip behind a board, in plain words: latches, reference, every input, every output."""

from collections.abc import Callable
from dataclasses import dataclass

from somaforge.flow.bench import probe
from somaforge.flow.bench.board import Board
from somaforge.flow.bench.chip import blank_chip, highest_A
from somaforge.flow.bench.loop import stuck_latches
from somaforge.flow.bench.meter import QUIET_MS, BoardBench
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

LEAKS_A = 5e-12


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    words: str
    good: bool


def examine(
    spec: Spec,
    board: Board,
    *,
    reference: bool = False,
    quiet_ms: int = QUIET_MS,
    say: Callable[[str], None] = lambda text: None,
) -> list[Finding]:
    """Looks at everything, and goes on after what is broken. ToolError if the board goes away."""
    found = [Finding(f"chip on {board.name}: {board.control.outputs} outputs, as the spec says", True)]
    say("latches")
    try:
        stuck = stuck_latches(board)
    except CheckError as error:
        return [*found, Finding(str(error), False)]
    found += [
        Finding(f"latch of matrix {m}, row {r}, column {c}, bit {b} is stuck at {v}", False) for m, r, c, b, v in stuck
    ]
    found += [Finding(words, False) for words in board.wrong_data_lines() or board.wrong_pattern_latches()]
    if len(found) == 1:
        found.append(Finding("all latches of weights and pattern hold what is written", True))
    say("zero")
    chip, highest = blank_chip(spec), highest_A(spec)
    bench = BoardBench.on(board, spec, highest, reference, quiet_ms)
    zeros = bench.zero(chip.codes)
    leaky = [f"output {j} leaks {z * 1e12:.0f} pA" for j, z in enumerate(zeros) if z > LEAKS_A]
    found += [Finding(f"{words}: it is taken off every reading", True) for words in leaky]
    say("paths")
    try:
        return [*found, *_paths(probe.through(bench, chip, highest))]
    except CheckError as error:
        return [*found, Finding(str(error), False)]


def _paths(best: list[Floats]) -> list[Finding]:
    """A soma is suspected if all of its paths are weak."""
    found, middle = [], probe.typical(best)
    for layer, currents in enumerate(best):
        kind = "input" if layer == 0 else "output" if layer == len(best) - 1 else f"soma of layer {layer}"
        for k, current in enumerate(currents):
            if current < probe.DARK_A:
                found.append(Finding(f"{kind} {k} is dead: nothing comes through it", False))
            elif current < probe.WEAK * middle:
                found.append(Finding(f"{kind} {k} is weak: {current / middle:.0%} of what the others give", False))
    count = sum(map(len, best))
    return found or [Finding(f"all {count} somas carry current; a path gives {middle * 1e9:.3g} nA", True)]
