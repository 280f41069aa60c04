"""What each code of each driver gives, as a tester can measure it: codes set, outputs read.

The array's own paths are the ammeter: one input of each goes through all its codes at the same reference currents, and
the law of the path (the exponents of its somas) turns the ratio of two readings into that of two input currents. What
else the path does wrong is common to all codes of an input and cancels, and so does what an input's largest code is off
by: the slope of its soma was measured with it.
"""

from dataclasses import replace

import numpy as np

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.paths import configurations_around
from somaforge.flow.learning.tester import Bench
from somaforge.pdk.arrays import Floats


def measure(bench: Bench, chip: ProgrammedChip, calibration: Calibration, full_scale_A: float) -> Calibration:
    """`calibration` with the drivers' codes; as it is for a tester without drivers. Those of a dead input stay nominal.
    ToolError from the engine."""
    if bench.drivers is None:
        return calibration
    layers, codes = chip.design.layers, bench.drivers.scale.codes[1:]
    weight = chip.design.weights.full_scale
    total: Floats = np.zeros((layers[0], len(codes)))
    visits: Floats = np.zeros(layers[0])
    for configuration in configurations_around(layers, 1, calibration.dead):
        along = np.full((len(layers) - 1, configuration.paths), weight)
        inputs, outputs = configuration.nodes[0], configuration.nodes[-1]
        patterns = np.zeros((len(codes), layers[0]), dtype=np.int64)
        patterns[:, inputs] = codes[:, None]
        levels = np.full(len(codes), full_scale_A)
        found = bench.present(chip, patterns, levels, [configuration.program(along)] * len(codes))
        read = np.maximum(found.outputs[:, outputs], 0.0)
        bench.saw(read)
        stages = [calibration.exponents_of(layer)[somas] for layer, somas in enumerate(configuration.nodes)]
        total[inputs] += ((read / read[-1]) ** (1 / np.prod(stages, axis=0))).T
        visits[inputs] += 1
    total[visits == 0], visits[visits == 0] = codes / codes[-1], 1.0
    shares = np.round(total / visits[:, None], 5)
    table = tuple((0.0, *(float(v) for v in each[:-1]), 1.0) for each in shares)
    return replace(calibration, drivers=table)
