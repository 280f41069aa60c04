"""What each code of each driver gives, as a tester can measure it: codes set, outputs read.

The array's own paths are the ammeter: one input of each goes through all its codes at the same reference currents, and
through some levels of all reference currents together, of which it is known what nominal drivers make. What the path
reads at these levels is its law, by which a reading of a code is an input current. What else the path does wrong is
common to all codes of an input and cancels, and so does what an input's largest code is off by: the slope of its soma
was measured with it, or with one whose share of it is known now.
"""

from dataclasses import replace

import numpy as np
from scipy.interpolate import make_interp_spline

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.paths import Configuration, configurations_around
from somaforge.flow.learning.tester import Bench
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
    total: Floats = np.zeros((inputs, len(codes)))
    visits: Floats = np.zeros(inputs)
    for configuration in configurations_around(chip.design.layers, 1, calibration.dead):
        total[configuration.nodes[0]] += _shares(bench, chip, configuration, full_scale_A)
        visits[configuration.nodes[0]] += 1
    total[visits == 0], visits[visits == 0] = codes / codes[-1], 1.0
    table: Floats = np.round(total / visits[:, None], 5)
    table[:, 0], table[:, -1] = 0.0, 1.0
    slopes = np.array(calibration.slopes[0]) * bench.largest(table)
    known = replace(calibration, drivers=tuple(tuple(map(float, each)) for each in table))
    return replace(known, slopes=(tuple(map(float, slopes)), *calibration.slopes[1:]))


def _shares(bench: Bench, chip: ProgrammedChip, configuration: Configuration, full_scale_A: float) -> Floats:
    """[paths, codes] input current of each code over that of the largest."""
    layers, codes = configuration.layers, bench.drivers.scale.codes[1:] if bench.drivers is not None else np.zeros(0)
    program = configuration.program(np.full((len(layers) - 1, configuration.paths), chip.design.weights.full_scale))
    patterns = np.zeros((len(codes), layers[0]), dtype=np.int64)
    patterns[:, configuration.nodes[0]] = codes[:, None]
    wanted = full_scale_A * np.array(LEVELS)
    swept, levels = np.array([configuration.inputs(x) for x in wanted]), bench.swept(wanted)
    law = bench.dc(chip, swept, [program] * len(swept)).outputs[:, configuration.nodes[-1]]
    full = np.full(len(codes), full_scale_A)
    read = bench.present(chip, patterns, full, [program] * len(codes)).outputs[:, configuration.nodes[-1]]
    bench.saw(read)
    seen = bench.saw(law)
    found = [by_law(law[s, p], levels[s], read[:, p]) for p, s in enumerate(seen.T)]
    return np.array([[0.0, *(each / each[-1])] for each in found])


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
