"""What each code of each driver gives, as a tester can measure it: codes set, outputs read.

The array's own paths are the ammeter: one input of each goes through all its codes at the same reference currents, and
through some levels of all reference currents together, of which it is known what nominal drivers make. What the path
reads at these levels is its law, by which a reading of a code is an input current. What else the path does wrong is
common to all codes of an input and cancels, and so does what an input's largest code is off by: the slope of its soma
was measured with it.
"""

from dataclasses import replace

import numpy as np
from scipy.interpolate import make_interp_spline

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.paths import Configuration, configurations_around
from somaforge.flow.learning.tester import Bench
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats

LEVELS = (0.125, 0.25, 0.5, 0.75, 1.0)
"""Of the reference currents over the highest: whole ratios of a board's bias; between them a straight line in ln I is
right to a thousandth."""


def measure(bench: Bench, chip: ProgrammedChip, calibration: Calibration, full_scale_A: float) -> Calibration:
    """`calibration` with the drivers' codes; as it is for a tester without drivers. Those of a dead input stay nominal.
    ToolError from the engine."""
    if bench.drivers is None:
        return calibration
    inputs, codes = chip.design.layers[0], bench.drivers.scale.codes
    levels = bench.swept(full_scale_A * np.array(LEVELS))
    total: Floats = np.zeros((inputs, len(codes)))
    visits: Floats = np.zeros(inputs)
    for configuration in configurations_around(chip.design.layers, 1, calibration.dead):
        swept, read = _readings(bench, chip, configuration, codes[1:], full_scale_A)
        for path, soma in enumerate(configuration.nodes[0]):
            seen = bench.saw(swept[:, path])
            found = by_law(swept[seen, path], levels[seen], read[:, path])
            total[soma, 1:] += found / found[-1]
            visits[soma] += 1
    total[visits == 0], visits[visits == 0] = codes / codes[-1], 1.0
    table: Floats = np.round(total / visits[:, None], 5)
    table[:, -1] = 1.0
    return replace(calibration, drivers=tuple(tuple(map(float, each)) for each in table))


def _readings(
    bench: Bench, chip: ProgrammedChip, configuration: Configuration, codes: Codes, full_scale_A: float
) -> tuple[Floats, Floats]:
    """What the paths read, [LEVELS, paths] and [codes, paths] in A."""
    layers, sources, monitors = configuration.layers, configuration.nodes[0], configuration.nodes[-1]
    program = configuration.program(np.full((len(layers) - 1, configuration.paths), chip.design.weights.full_scale))
    patterns = np.zeros((len(LEVELS) + len(codes), layers[0]), dtype=np.int64)
    patterns[: len(LEVELS), sources] = codes[-1]
    patterns[len(LEVELS) :, sources] = codes[:, None]
    full = full_scale_A * np.array([*LEVELS, *np.ones(len(codes))])
    read = bench.present(chip, patterns, full, [program] * len(patterns)).outputs[:, monitors]
    bench.saw(read)
    return read[: len(LEVELS)], read[len(LEVELS) :]


def by_law(law: Floats, levels: Floats, readings: Floats) -> Floats:
    """[readings] input current at which a path reads so, where it reads `law` [levels] at `levels`, rising; beyond them
    as it goes on at the ends, and in proportion where one level is known alone. 0 for a reading that is not above 0."""
    rising = law > np.concatenate([[0.0], np.maximum.accumulate(law)[:-1]])
    x, y = np.log(law[rising]), np.log(levels[rising])
    if len(x) == 1:
        x, y = np.array([x[0] - 1.0, x[0]]), np.array([y[0] - 1.0, y[0]])
    there = readings > 0
    found: Floats = np.zeros(len(readings))
    found[there] = np.exp(make_interp_spline(x, y, k=1)(np.log(readings[there])))
    return found
