"""Transfer curves of somas from measured paths: the paper's Fig. 5b."""

from collections.abc import Sequence

import numpy as np

from somaforge.flow.learning.calibration import Calibration
from somaforge.pdk.arrays import Floats


def soma_curves(
    calibration: Calibration, nodes: Sequence[object] | np.ndarray, inputs_A: Floats, outputs_A: Floats
) -> list[Floats]:
    """Per layer, [somas, levels] in A: a soma's unit-weight current, from every measured path through it.

    `nodes` [configurations, layers, paths], `inputs_A` [levels], `outputs_A` [configurations, levels, paths]: as
    flow.learning.characterize.Transfer has them. Where a path's output departs from the calibration's model, its somas
    share the departure equally; the median over paths stays. Somas on no path (dead ones) have nan.
    """
    nodes = np.array(nodes)
    slopes = [np.array(layer) for layer in calibration.slopes]
    full = len(calibration.code_gain) - 1
    current = np.broadcast_to(inputs_A[:, None], outputs_A.shape)
    for layer, own in enumerate(slopes):
        weight = full if layer < len(slopes) - 1 else 1
        current = weight * own[nodes[:, None, layer]] * bent(calibration, current)
    # where nothing flows, nothing departs
    whole = np.divide(outputs_A, current, out=np.ones_like(outputs_A), where=current > 0)
    departure = np.moveaxis(np.maximum(whole, 0.0) ** (1 / len(slopes)), 1, -1)  # [configurations, paths, levels]
    curves = []
    for layer, own in enumerate(slopes):
        on = [departure[nodes[:, layer] == soma] for soma in range(len(own))]
        share = [np.median(d, axis=0) if len(d) else np.full(len(inputs_A), np.nan) for d in on]
        curves.append(own[:, None] * bent(calibration, inputs_A) * np.stack(share))
    return curves


def fitted(calibration: Calibration, inputs_A: Floats) -> list[Floats]:
    """The same by the calibration's model."""
    return [np.array(own)[:, None] * bent(calibration, inputs_A) for own in calibration.slopes]


def bent(calibration: Calibration, current_A: Floats) -> Floats:
    """The calibration's law of a soma of slope 1 (flow.learning.calibration), its mean exponent, with current in A."""
    top = max(calibration.levels_A, default=1.0)
    found: Floats = top * (current_A / top) ** calibration.exponent
    return found
