"""What is wrong with a chip behind a board, in plain words: latches, reference, every input, every output."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from somaforge.flow.bench.board import Board
from somaforge.flow.bench.chip import blank_chip, highest_A
from somaforge.flow.bench.loop import stuck_latches
from somaforge.flow.bench.meter import QUIET_MS, BoardBench
from somaforge.flow.learning.paths import configurations_of
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

WEAK = 0.4
"""Of what the others give: mismatch moves a whole path by a fifth."""
LEAKS_A = 5e-12
DARK_A = 3e-11
"""Nothing: below what is told from nothing in QUIET_MS, three times over."""


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
    found += [Finding(words, False) for words in board.wrong_pattern_latches()]
    if len(found) == 1:
        found.append(Finding("all latches of weights and pattern hold what is written", True))
    say("zero")
    chip, highest = blank_chip(spec), highest_A(spec)
    bench = BoardBench.on(board, spec, highest, reference, quiet_ms)
    zeros = bench.zero(chip.codes)
    leaky = [f"output {j} leaks {z * 1e12:.0f} pA" for j, z in enumerate(zeros) if z > LEAKS_A]
    found += [Finding(f"{words}: it is taken off every reading", True) for words in leaky]
    say("paths")
    return [*found, *_paths(bench, spec, highest)]


def _paths(bench: BoardBench, spec: Spec, highest: float) -> list[Finding]:
    """Every soma is on a path at least once; a soma is suspected if all of its paths are weak."""
    chip = blank_chip(spec)
    layers, full = chip.design.layers, chip.design.weights.full_scale
    best: list[Floats] = [np.zeros(n) for n in layers]
    for configuration in configurations_of(layers, 2):
        along = np.full((len(layers) - 1, configuration.paths), full)
        codes = np.zeros((1, layers[0]), dtype=np.int64)
        codes[0, configuration.nodes[0]] = bench.bank.scale.full
        read = bench.present(chip, codes, np.array([highest]), [configuration.program(along)]).outputs[0]
        for layer, nodes in enumerate(configuration.nodes):
            np.maximum.at(best[layer], nodes, read[configuration.nodes[-1]])
    typical = float(np.median(np.concatenate(best)))
    if typical < DARK_A:
        return [
            Finding("nothing comes through any path: no reference current into its pin, or no clock or bias", False)
        ]
    found = []
    for layer, currents in enumerate(best):
        kind = "input" if layer == 0 else "output" if layer == len(layers) - 1 else f"soma of layer {layer}"
        for k, current in enumerate(currents):
            if current < DARK_A:
                found.append(Finding(f"{kind} {k} is dead: nothing comes through it", False))
            elif current < WEAK * typical:
                found.append(Finding(f"{kind} {k} is weak: {current / typical:.0%} of what the others give", False))
    return found or [Finding(f"all {sum(layers)} somas carry current; a path gives {typical * 1e9:.3g} nA", True)]
