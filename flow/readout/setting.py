"""How the bias is set for the reference current that the drivers want: its code, and the current at its pin."""

import numpy as np

from somaforge.generator.readout.bias import BITS, REFERENCE_UNITS

PIN_A = 100e-9
"""About what is drawn from the pin of the reference current: what winner and converter are biased with."""


def bias_setting(reference_A: float) -> tuple[int, float]:
    """Code of the ratio that leaves about PIN_A at the pin while `out` has a reference current, and the pin's current
    in A."""
    ratio = int(np.clip(np.rint(REFERENCE_UNITS * reference_A / PIN_A), 1, 2**BITS - 1))
    return ratio, reference_A * REFERENCE_UNITS / ratio
