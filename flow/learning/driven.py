"""A data set as a chip's input somas get it: by the codes of its drivers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from somaforge.flow.datasets import Dataset
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.drivers.scale import Scale, of_codes
from somaforge.flow.learning.calibration import Calibration
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats


def driven(spec: Spec, dataset: Dataset, calibration: Calibration, whole: Dataset | None = None) -> Dataset:
    """The data set whose values are what the drivers make of them; as it is without drivers.

    Nominal drivers where the calibration has none: codes in proportion. `whole` is the data set that the codes are
    scaled for, if not this split of it.
    """
    scale = Scale.of(spec)
    if scale is None:
        return dataset
    encoder, features = Encoder.of(scale, whole or dataset), dataset.train_x.shape[1]
    table = np.tile(scale.codes / scale.full, (features, 1))
    if calibration.drivers:
        table = np.array(calibration.drivers)[:features]

    def seen(values: Floats) -> Floats:
        return encoder.top * of_codes(encoder.codes(values), table)

    return replace(
        dataset,
        train_x=seen(dataset.train_x),
        test_x=seen(dataset.test_x),
        augmented=_after(dataset.augmented, seen),
    )


def _after(
    draw: Callable[[np.random.Generator], Floats] | None, seen: Callable[[Floats], Floats]
) -> Callable[[np.random.Generator], Floats] | None:
    if draw is None:
        return None
    return lambda generator: seen(draw(generator))
