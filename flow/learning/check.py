"""How good a calibration is, from networks that it was not fitted to: outputs read against outputs computed.

The residual of the fitted paths (flow/learning/characterize.py) says how much synapses differ, not whether the model
is right: with the strength of every synapse known it stays what it was. Here random networks are written into the chip
and random patterns applied, at the currents of the calibration, before anything is trained.
"""

from itertools import pairwise

import numpy as np

from somaforge.flow.drivers.scale import of_codes
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.tester import Bench
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

NETWORKS = 4
PATTERNS = 5
"""Of each network; 20 readings of every output in all. On five chips of examples/iris.yaml that gives 4 to 21 % more
than 160 readings do, and 40 give 0 to 6 % more; but 40 take as long on ngspice as all of the calibration."""
ROWS = 3
"""Synapses of a column with a weight: some two units in the mean keep currents level from layer to layer."""


def networks(layers: tuple[int, ...], full: int, seed: int = 0) -> list[Program]:
    """The same on every machine. Each column has one synapse of the full weight, so that something comes out, and
    others of both signs."""
    draw, found = np.random.default_rng(seed), []
    for _ in range(NETWORKS):
        program = []
        for rows, columns in pairwise(layers):
            codes = np.zeros((rows, columns), dtype=np.int64)
            for column in range(columns):
                chosen = draw.permutation(rows)[:ROWS]
                codes[chosen, column] = [full, *draw.integers(-full // 2, full // 2 + 1, len(chosen) - 1)]
            program.append(codes)
        found.append(tuple(program))
    return found


def error(bench: Bench, chip: ProgrammedChip, calibration: Calibration, highest_A: float) -> float:
    """Root of the mean square of what the model's outputs are wrong by, over that of the chip's outputs; a scale
    common to all outputs is left out, because only their ratios count. `chip`'s own weights do not matter.

    CheckError if no output carries anything. ToolError from the engine.
    """
    layers = chip.design.layers
    programs = networks(layers, chip.design.weights.full_scale)
    inputs = highest_A * np.random.default_rng(1).random((NETWORKS * PATTERNS, layers[0]))
    asked = [program for program in programs for _ in range(PATTERNS)]
    read = bench.dc(chip, inputs, asked).outputs
    if not bench.saw(read).any():
        raise CheckError("characterization: no output of four random networks carries anything; the chip is dead")
    parts = np.split(_given(bench, calibration, inputs), NETWORKS)
    told = np.concatenate([calibration.forward(list(p), x) for p, x in zip(programs, parts, strict=True)])
    scale = float((told * read).sum() / (told**2).sum())
    return float(np.sqrt(((scale * told - read) ** 2).mean() / (read**2).mean()))


def _given(bench: Bench, calibration: Calibration, inputs: Floats) -> Floats:
    """What the chip's drivers, if a tester sets their codes, make of inputs [patterns, inputs] in A."""
    if bench.drivers is None or not calibration.drivers:
        return inputs
    full = inputs.max(axis=1, keepdims=True)
    found: Floats = full * of_codes(bench.drivers.scale.quantised(inputs / full), np.array(calibration.drivers))
    return found
