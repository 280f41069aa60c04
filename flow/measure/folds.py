"""Cross-validation on chips: a network for every split of a small data set, each run on the chip that it was made for.

Thirty test flowers say little: one more or one less moves the accuracy by 3 points. Five splits test every pattern
once. A chip is measured once; only training and test change with the split.
"""

from dataclasses import replace

import numpy as np

from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.measure.evaluate import Ints, pad_inputs
from somaforge.pdk.arrays import Floats


def right_at_rest(
    engine: Engine, chip: ProgrammedChip, codes: Program, inputs: Floats, labels: Ints, classes: int
) -> int:
    """How many patterns with `inputs` [patterns, inputs] in A the chip gets right with these weights."""
    outputs = engine.dc(replace(chip, codes=codes), pad_inputs(chip, inputs)).outputs[:, :classes]
    return int(np.sum(outputs.argmax(axis=1) == labels))
