"""What reads the output currents when a chip is characterized: a bench meter, a counter on the chip, or perfection."""

from typing import Annotated

from pydantic import Field

from somaforge.generator.spec.fields import Model


class Meter(Model):
    """A meter behind pads. The defaults are those of a picoammeter (Keithley 6485, range of 20 nA, data sheet) that is
    switched from pad to pad of an ordinary package; `perfect: true` reads what the engine says, in no time."""

    perfect: bool = False
    """Nothing is wrong and nothing is waited for: the other keys do not matter."""
    noise_A: Annotated[float, Field(ge=0, le=1e-6)] = 1e-13
    """Standard deviation of a reading, absolute. The meter's typical RMS noise: 100 fA."""
    noise_ratio: Annotated[float, Field(ge=0, le=0.5)] = 1e-3
    """The same relative to the current: what a counter of 1,000 pulses leaves open (one pulse), and what input currents
    from 10-bit converters repeat to. A fixed error of the meter's scale (0.4 %) is common to all outputs: no network
    sees it."""
    resolution_A: Annotated[float, Field(ge=0, le=1e-6)] = 1e-13
    """Last digit: 5.5 digits of 20 nA are 100 fA."""
    pad_leakage_A: Annotated[float, Field(ge=0, le=1e-6)] = 1e-11
    """Largest leakage of a pad with its protection and board, of either sign, constant. 10 pA: a guess, on the safe
    side for diodes at 27 C (no data sheet gives a typical value). The meter is zeroed on every pad; the zero has noise.
    """
    settling_s: Annotated[float, Field(ge=0, le=10)] = 8e-3
    """From a new pattern, or from another pad, to a reading that may begin: the meter's rise time, 8 ms."""
    reading_s: Annotated[float, Field(ge=0, le=10)] = 20e-3
    """Of one output: one cycle of a 50 Hz line."""
    drift_C: Annotated[float, Field(ge=-50, le=50)] = 1.0
    """How much warmer the chip is on the tester than at `temperature_C`, where it is used: the air of a room without
    control, and the chip's own power is below 1 mW."""
