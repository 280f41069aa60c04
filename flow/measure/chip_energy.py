"""Energy of one decision of the whole chip, from pins to pins: the parts that a run measured, and what is left out.

A decision takes as long as its pattern needs through the pins and the slowest one in a hundred needs to be valid; all
that draws a constant current draws it that long. What a run does not simulate by itself (bias, race) stands here as it
was measured on its layout (docs/readout.md), until the chip is simulated whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.generator.spec import Spec
from somaforge.generator.submission.papers import CLOCK_HZ

BIAS_A = 8.8e-7
"""Out of the supply, reference on, code 4, its outputs included: tt, 27 C, 1.8 V."""
RACE_C, RACE_OUTPUTS = 8.6e-12, 3
"""Of a race of so many outputs at 15 nA, law `continuous`."""
LEFT_OUT = (
    "the control's logic between its flip-flops",
    "word lines and latches while a pattern is written",
    "pads and what hangs on the pins",
)


@dataclass(frozen=True)
class Part:
    """Of the energy."""

    name: str
    joule: float


METRICS = ("energy__chip_decision__J", "efficiency__chip__mac__per_J")


def period_s(metrics: Mapping[str, float]) -> float:
    """Of one decision."""
    return metrics["present__load_pins__s"] + metrics["present__decision_p99__s"]


def parts(spec: Spec, metrics: Mapping[str, float]) -> tuple[Part, ...]:
    """Of a chip with drivers; KeyError with a metric that its run should have."""
    time, volts = period_s(metrics), spec.supply_V
    found = [
        Part("array", metrics["power__mean__W"] * time),
        Part("drivers", (metrics["drivers__references__W"] + metrics["drivers__leakage__W"]) * time),
        Part("loading the pattern", metrics["drivers__load__J"]),
        Part("bias", BIAS_A * volts * time),
        Part("race", RACE_C * volts * spec.array.layers[-1] / RACE_OUTPUTS),
    ]
    if "control__leakage__W" in metrics:
        clocks = metrics["control__flip_flops__count"] * metrics["drivers__clock__J"] * CLOCK_HZ * time
        found.append(Part("control", metrics["control__leakage__W"] * time + clocks))
    return tuple(found)


def left_out(metrics: Mapping[str, float]) -> tuple[str, ...]:
    """What is in none of them."""
    return (
        LEFT_OUT if "control__leakage__W" in metrics else ("the control, which only a chip in a frame has", *LEFT_OUT)
    )


def chip_energy(spec: Spec, metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics; nothing for a chip without drivers or a control, or without timed decisions."""
    timed = {"present__load_pins__s", "present__decision_p99__s"} <= metrics.keys()
    if spec.drivers is None or not timed:
        return {}
    energy = sum(part.joule for part in parts(spec, metrics))
    return dict(zip(METRICS, (energy, metrics["design__macs__count"] / energy), strict=True))
