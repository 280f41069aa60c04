"""Cross-validation on chips: a network for every split of a small data set, each run on the chip that it was made for.

Thirty test flowers say little: one more or one less moves the accuracy by 3 points. Five splits test every pattern
once. A chip is measured once; only training and test change with the split.
"""

from dataclasses import replace

import numpy as np

from somaforge.flow.datasets import Dataset
from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.measure.evaluate import pad_inputs


def right_at_rest(engine: Engine, chip: ProgrammedChip, codes: Program, data: Dataset, full_scale_A: float) -> int:
    """How many test patterns of a split the chip gets right with these weights; a feature of 1 is `full_scale_A`."""
    inputs = pad_inputs(chip, full_scale_A * data.test_x)
    outputs = engine.dc(replace(chip, codes=codes), inputs).outputs[:, : len(data.classes)]
    return int(np.sum(outputs.argmax(axis=1) == data.test_y))
