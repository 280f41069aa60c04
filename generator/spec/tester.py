"""What reads the output currents when a chip is characterized: a bench meter, a counter on the chip, or perfection."""

from typing import Annotated

from pydantic import Field

from somaforge.generator.spec.fields import Model


class Meter(Model):
    """A meter behind pads. The defaults are those of a picoammeter (Keithley 6485, range of 20 nA) that is switched
    from pad to pad of an ordinary package; `perfect: true` reads what the engine says, in no time. Last digit and
    integration time are in its instruction manual (6485-901-01, tables 4-3 and 4-4), noise and rise time are typical
    figures of its data sheet, not checked there; `bench/tester.py` has ten times the noise beside them."""

    perfect: bool = False
    """Nothing is wrong and nothing is waited for: the other keys do not matter."""
    noise_A: Annotated[float, Field(ge=0, le=1e-6)] = 3e-13
    """Standard deviation of a reading, absolute: three times the meter's typical RMS noise of 100 fA, because data
    sheets give that for a mean of ten readings (Keysight's of the B2983A says so)."""
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
    settling_s: Annotated[float, Field(ge=0, le=10)] = 20e-3
    """From a new pattern, or from another pad, to a reading that may begin. The meter's rise time of 8 ms (10 to 90 %)
    is a time constant of 3.6 ms: after 20 ms the mean over a reading is 0.07 % of the step short, less than
    `noise_ratio`; after the rise time alone it would be 2 %."""
    reading_s: Annotated[float, Field(ge=0, le=10)] = 20e-3
    """Of one output: one cycle of a 50 Hz line, the shortest time in the meter's region of lowest noise."""
    drift_C: Annotated[float, Field(ge=-50, le=50)] = 1.0
    """How much warmer the chip is on the tester than at `temperature_C`, where it is used: the air of a room without
    control, and the chip's own power is below 1 mW."""
