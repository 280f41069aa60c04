"""Energy of one decision of the whole chip, from pins to pins: the parts that a run measured, and what is left out.

A decision takes as long as its pattern needs through the pins and the slowest one in a hundred needs to be valid; all
that draws a constant current draws it that long. The result of a race stands while the next pattern is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.generator.spec import Spec
from somaforge.generator.submission.papers import CLOCK_HZ

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


def parts(metrics: Mapping[str, float]) -> tuple[Part, ...]:
    """Of a chip with drivers; KeyError with a metric that its run should have."""
    time = period_s(metrics)
    found = [
        Part("array", metrics["power__mean__W"] * time),
        Part("drivers", (metrics["drivers__references__W"] + metrics["drivers__leakage__W"]) * time),
        Part("loading the pattern", metrics["drivers__load__J"]),
        Part("bias", metrics["readout__bias__W"] * time),
        Part("race", metrics["readout__race__J"] + metrics["readout__held__W"] * metrics["present__load_pins__s"]),
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
    energy = sum(part.joule for part in parts(metrics))
    return dict(zip(METRICS, (energy, metrics["design__macs__count"] / energy), strict=True))
