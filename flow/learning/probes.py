"""Slopes by direct probes: the current into a soma and the current that one of its synapses hands on, both read.

The paper's first procedure (arXiv:1606.07786), for simulation: a packaged chip has no pads inside. It needs no path
through the whole network, so a soma's slope is not mixed with those of others, and it is what the procedure for
packaged chips (flow/learning/characterize.py) is judged by.
"""

import time
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.learning.tester import PERFECT, Bench
from somaforge.generator.spec import Meter
from somaforge.pdk.errors import CheckError

Ints = npt.NDArray[np.int64]
LEVELS = (0.5, 1.0)
"""Input currents, relative to the largest: two, for the exponent."""


@dataclass(frozen=True)
class Probed:
    """What the probes found."""

    slopes: tuple[tuple[float, ...], ...]
    """Per layer, per soma: as in a calibration; here the scale of each layer is measured, too."""
    exponent: float
    """Of the current of one synapse over the current into its soma."""
    patterns: int
    seconds: float


def probe(
    engine: ArrayEngine, chip: ProgrammedChip, highest_A: float, visits: int, meter: Meter = PERFECT, seed: int = 0
) -> Probed:
    """Slopes of all somas of `chip`, whose own weights do not matter; each through `visits` synapses if it has them.

    `highest_A` is the largest input current; `meter` reads all currents, `seed` is the chip's. CheckError that names a
    soma whose current is not above the noise. ToolError from the engine.
    """
    bench = Bench(engine, meter, seed)
    layers, full = chip.design.layers, chip.design.weights.full_scale
    start, patterns, bends = time.monotonic(), 0, []
    logs: list[list[list[tuple[float, float]]]] = [[[] for _ in range(n)] for n in layers]
    inputs = highest_A * np.array(LEVELS)
    for layer, size in enumerate(layers):
        last = layer == len(layers) - 1
        together = min(layers[: layer + 2])
        columns = layers[layer] if last else layers[layer + 1]
        for visit in range(1 if last else min(visits, columns)):
            for first in range(0, size, together):
                rows = np.arange(first, min(first + together, size), dtype=np.int64)
                ends = rows if last else (rows + visit * max(1, columns // visits)) % columns
                somas, codes = _program(layers, full, layer, rows, ends)
                x = np.zeros((len(inputs), layers[0]))
                x[:, somas] = inputs[:, None]
                found = engine.at_rest(replace(bench.as_placed(chip), codes=codes), x)
                into = bench.read(found.layers[layer].current)[:, rows]
                out = bench.read(found.outputs if last else found.layers[layer + 1].current)[:, ends]
                patterns += len(inputs)
                seen = (bench.saw(into) & bench.saw(out)).all(axis=0)
                if not seen.all():
                    soma = int(rows[~seen][0])
                    raise CheckError(
                        f"characterization: soma {soma} of layer {layer} carries no current that can be read"
                    )
                a, b = np.log(into / highest_A), np.log(out / (highest_A * (1 if last else full)))
                bends += list((b[1] - b[0]) / (a[1] - a[0]))
                for k, row in enumerate(rows):
                    logs[layer][row].append((float(a[-1, k]), float(b[-1, k])))
    exponent = float(np.mean(bends))
    slopes = tuple(
        tuple(float(np.exp(np.mean([b - exponent * a for a, b in soma]))) for soma in layer) for layer in logs
    )
    return Probed(slopes, exponent, patterns, time.monotonic() - start)


def _program(layers: tuple[int, ...], full: int, layer: int, rows: Ints, ends: Ints) -> tuple[Ints, Program]:
    """Input somas and weights: a chain to each of `rows` in `layer`, and on to the somas `ends` of the next layer."""
    program = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(layers))
    chain = [rows % size for size in layers[:layer]] + [rows]
    for m in range(layer):
        program[m][chain[m], chain[m + 1]] = full
    if layer + 1 < len(layers):
        program[layer][rows, ends] = full
    return chain[0], program
