"""What a run studies beside its own operating point, and what sign-off demands."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from somaforge.generator.spec.fields import METRIC_NAME, Celsius, Corner, Model, Supply


class Study(Model):
    """Other operating points than the run's own (step corners), on the array engine."""

    grid: Literal["full", "cross"] = "full"
    """full: every corner of the spec at every temperature; cross: every corner at the spec's temperature, and every
    temperature at the first corner. Both: every supply at the first corner and the spec's temperature."""
    temperatures_C: Annotated[
        tuple[Celsius, ...], Field(min_length=1, max_length=10, strict=False)
    ] = (-40.0, 27.0, 85.0)  # fmt: skip
    """Temperatures."""
    supplies_V: Annotated[tuple[Supply, ...], Field(max_length=10, strict=False)] = ()
    """Supplies beside the spec's own; at most the process's (sky130: 1.95 V, 10 % more than 1.8 V would be 1.98 V)."""
    chips: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many of the first chips."""
    patterns: Annotated[int, Field(ge=1)] = 1000
    """How many test patterns, from the first, for the accuracy at rest."""
    timed_patterns: Annotated[int, Field(ge=0)] = 0
    """How many of them, from the first, also run in time at every point, for speed and energy there, each for
    evaluation.pattern_time_s; 0: none, and a limit on speed or energy at a point is missing."""
    recalibrate: bool = True
    """Also characterize and train again at every other point, to tell drift from what the point itself costs."""


class Operating(Model):
    """A sweep of mean input current and supply (step operate), with the weights trained at the run's own point: every
    current at every supply, and the run's own point."""

    currents_A: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1e-6)], ...], Field(min_length=1, max_length=20, strict=False)
    ] = (15e-9, 45e-9)
    """Mean currents per input over the training set; the paper's two."""
    supplies_V: Annotated[
        tuple[Supply, ...], Field(min_length=1, max_length=20, strict=False)
    ] = (1.8, 1.6, 1.4, 1.2, 1.0)  # fmt: skip
    """Supplies. Where chips have lost a tenth of their accuracy they do not work, and nothing is timed."""
    chips: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many of the first chips."""
    patterns: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    """How many test patterns, from the first, for the accuracy at rest."""
    timed_patterns: Annotated[int, Field(ge=1)] = 100
    """How many of them, from the first, run in time for speed and energy."""
    pattern_time_s: Annotated[float, Field(gt=0, le=1e-3)] | None = None
    """How long a pattern is applied at the run's own input current, and longer in proportion at smaller ones; without
    it evaluation.pattern_time_s. Where less than 99 % of the patterns settle in it, no run time is long enough."""
    accuracy_loss: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Most that the best point may lose against the run's own."""


class TimeLimits(Model):
    """How long a tool may run before it counts as failed, in s. They do not change results: a finished step stays."""

    noise_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """One run of ngspice in step noise: one synapse of the row at one input current or on one chip."""
    precheck_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    """One run of the KLayout application in step drc: a deck of the shuttle's precheck over the whole macro."""
    drc_s: Annotated[float, Field(gt=0, le=86_400)] = 7200.0
    """All of step drc."""
    lvs_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    """All of step lvs."""
    netgen_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    """Of it, one cell in netgen."""
    pex_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    """All of step pex."""
    ngspice_s: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """One run of ngspice on cells or a part of the array in the steps characterize, program and evaluate, and their
    comparisons, and on the latches whose margins are measured. Decks whose size no spec changes (tables of devices,
    timing of the port) have limits of their own."""
    verilog_s: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    """One run of Icarus Verilog in step program."""


class Conditions(Model):
    """The operating point of a limit; what is left out is the spec's own."""

    corner: Corner | None = None
    """Process corner."""
    temperature_C: Celsius | None = None
    """Of the chips."""
    supply_V: Supply | None = None
    """Of the array."""
    calibration: Literal["nominal", "recalibrated"] = "nominal"
    """Whether the chips were characterized at the spec's own operating point or at this one."""


class Limit(Model):
    """One line of the sign-off."""

    metric: Annotated[str, Field(pattern=METRIC_NAME.pattern, max_length=100)]
    """A name of docs/metrics.md; if nothing measures it, the sign-off fails."""
    min: float | None = None
    """Smallest value that passes."""
    max: float | None = None
    """Largest value that passes; give one of the two or both."""
    unit: str | None = None
    """For readers; must be what the metric's name ends with."""
    conditions: Conditions | None = None
    """Where it holds, if not at the spec's own operating point: a point of `study`, with that point's metrics."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min or max, or both")
        own = self.metric.rpartition("__")[2]
        if self.unit is not None and self.unit != own:
            raise ValueError(f"the unit of {self.metric} is {own}, not {self.unit}")
        return self


class Waiver(Model):
    """An accepted failure; printed in the report, void after its date."""

    metric: Annotated[str, Field(max_length=100)]
    """Whose limit may be missed. A metric that is missing cannot be waived."""
    reason: Annotated[str, Field(min_length=10, max_length=500)]
    """Why; at least ten characters."""
    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Who accepts it."""
    expires: date
    """The last day on which it holds, YYYY-MM-DD."""
