"""The specification that a user writes: YAML, validated once, frozen. Units are in the names of the fields."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from somaforge.generator.fields import METRIC_NAME, Celsius, Corner, LayerSize, Model, Name, Supply, Um
from somaforge.generator.yaml_file import read_yaml
from somaforge.pdk import load
from somaforge.pdk.base import Flavour
from somaforge.pdk.errors import InputError

DATASET_SIZES = {"iris": (4, 3), "digits": (64, 10), "mnist": (196, 10), "fsdd": (132, 10)}
"""Features and classes of each data set (flow.datasets loads them)."""


class Mirror(Model):
    """How the scaling mirrors of somas and synapses are made."""

    style: Literal["unit", "scaled"] = "unit"
    """unit: parallel identical devices; scaled: one device of scaled width (the paper's)."""
    w_um: Um = 0.84
    """Channel width of the unit device."""
    l_um: Um = 0.79
    """Channel length of the unit device: longer is better matched, larger and slower."""
    multiplier: Annotated[int, Field(ge=1, le=64)] = 4
    """Unit devices in parallel in the transistors M1 to M4 of the soma."""
    input_multiplier: Annotated[int, Field(ge=1, le=64)] | None = None
    """Unit devices in parallel in M0, the diode that takes the soma's input current; as many as `multiplier` if not
    given. With fewer, the rails carry more than the input current: they are faster and take more power."""
    nfet: Flavour = "standard"
    """Threshold flavour of the n-channel mirrors."""
    pfet: Flavour = "standard"
    """Threshold flavour of the p-channel mirrors."""

    @model_validator(mode="after")
    def _scaled_alike(self) -> Self:
        if self.style == "scaled" and self.input_units != self.multiplier:
            raise ValueError("input_multiplier differs from multiplier: style: scaled has one size for M0 to M4")
        return self

    @property
    def input_units(self) -> int:
        """Unit devices in M0."""
        return self.multiplier if self.input_multiplier is None else self.input_multiplier


class Device(Model):
    """A transistor size."""

    w_um: Um
    """Channel width."""
    l_um: Um
    """Channel length."""


class Array(Model):
    """The physical array."""

    layers: Annotated[tuple[LayerSize, ...], Field(min_length=2, max_length=8, strict=False)]
    """Somas per layer, input somas first: n entries give n-1 synapse matrices."""
    bits: Annotated[int, Field(ge=1, le=6)] = 3
    """Magnitude bits of a weight; one sign bit is added."""
    mirror: Mirror = Mirror()
    port: Literal["none", "scan"] = "none"
    """How weights are written: scan adds word and bit line drivers, row select and a serial data register of the
    foundry's standard cells; none brings word and bit lines to the macro's edge (docs/port.md)."""
    switch: Device = Device(w_um=0.54, l_um=0.54)
    """Bit switches; the sign switches have this length and the mirrors' width (they share their strip)."""


class Network(Model):
    """The network that runs on the array, on its first neurons of each layer."""

    layers: Annotated[tuple[LayerSize, ...], Field(min_length=2, max_length=8, strict=False)]
    """Neurons per layer, as many layers as the array has; it may be smaller, unused weights are 0."""
    dataset: Literal["iris", "digits", "mnist", "fsdd"] = "iris"
    """iris: 120 and 30 flowers, 4 features, 3 classes; digits: 8 x 8 images, 64 features, 10 classes; mnist: 60,000 and
    10,000 images, their 196 most active pixels, 10 classes; fsdd: 2,700 and 300 spoken digits, 12 cepstral coefficients
    in 11 slices of time, 10 classes. The last two need files: --data-dir."""

    @model_validator(mode="after")
    def _matches_dataset(self) -> Self:
        inputs, outputs = DATASET_SIZES[self.dataset]
        if (self.layers[0], self.layers[-1]) != (inputs, outputs):
            raise ValueError(
                f"{self.dataset} has {inputs} features and {outputs} classes: layers must be [{inputs}, ..., {outputs}]"
            )
        return self

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one pattern."""
        return sum(a * b for a, b in pairwise(self.layers))


class Input(Model):
    """Input currents: exactly one of the two."""

    full_scale_A: Annotated[float, Field(gt=0, le=1e-5)] | None = None
    """The current for the largest value of a feature (the paper's prototype: 325 nA)."""
    mean_A: Annotated[float, Field(gt=0, le=1e-6)] | None = None
    """The mean current per input over the training set (the paper: 15 or 45 nA)."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.full_scale_A is None) == (self.mean_A is None):
            raise ValueError("give exactly one of full_scale_A and mean_A")
        return self


class Chips(Model):
    """The population of virtual chips."""

    seeds: Annotated[
        tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], Field(min_length=1, max_length=10_000, strict=False)
    ]
    """One chip each: all its threshold shifts follow from its seed."""
    mismatch: Annotated[float, Field(ge=0, le=4)] = 1.0
    """Multiplies the foundry's mismatch; 1 is the foundry's, 0 switches it off."""

    @field_validator("seeds")
    @classmethod
    def _differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        seen = set[int]()
        for seed in seeds:
            if seed in seen:
                raise ValueError(f"seed {seed} stands twice; every chip needs its own")
            seen.add(seed)
        return seeds


class Characterization(Model):
    """What a tester measures on every chip before training (docs/learning.md)."""

    current_A: Annotated[float, Field(gt=0, le=1e-5)] | None = None
    """Highest input current of the sweeps; without it the current of the largest feature. Currents that the somas carry
    at work are best: the model is a power law, and no power law fits six decades."""
    synapses: bool = False
    """Measure the strength of every bit of every synapse too, through the network: two patterns for each row, bit and
    group of columns; 15,060 patterns of ten output currents for 196-100-50-10."""


class Training(Model):
    """How the network is trained for each chip; the paper's recipe is loss mse, weight_noise 0, restarts 1."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    """Of the initial weights and of the noise."""
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Steps over the whole training set."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.03
    """First step size of Adam, relative to the largest weight; it falls to a hundredth along a cosine."""
    loss: Literal["cross_entropy", "mse"] = "cross_entropy"
    """cross_entropy: of the shares of the output currents; mse: the paper's, against one full-scale current."""
    l1_negative: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """L1 cost on negative weights (the paper uses it to save power)."""
    l1_current: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Cost of the mean current into a soma, in full-scale currents, summed over the layers; minibatches only. It saves
    power and keeps mirrors in weak inversion."""
    weight_noise: Annotated[float, Field(ge=0, le=1)] = 0.12
    """Relative error of one unit mirror, drawn anew in each step, for the mismatch that nobody measures."""
    noise_draws: Annotated[int, Field(ge=1, le=64)] = 4
    """Draws of chip errors per step."""
    restarts: Annotated[int, Field(ge=1, le=100)] = 32
    """Initializations tried at once; the best on the training set is kept, with minibatches early and on held-out
    training patterns."""
    batch: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    """Training patterns in one step. all: every chip is trained from random weights; a number: one ideal network is
    trained for `epochs`, and from it one for every chip in `chip_epochs`."""
    chip_epochs: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Passes over the training set for each chip, from the ideal network on; minibatches only."""
    chip_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """First step size of a chip's training over learning_rate; minibatches only."""
    augment: bool = True
    """Draw training patterns anew for each pass where the data set knows how (mnist: small turns, shifts, sizes; fsdd:
    stretched recordings); minibatches only."""
    teacher: Annotated[int, Field(ge=0, le=4096)] = 0
    """Width of the two hidden layers of a network in floats that is trained first; its judgement of a pattern then
    stands for the label (flow/learning/teacher.py). 0: none. Minibatches and cross entropy only."""
    teacher_epochs: Annotated[int, Field(ge=1, le=10_000)] = 60
    """Passes over the training set for the teacher."""

    @model_validator(mode="after")
    def _teachable(self) -> Self:
        if self.teacher and (self.batch == "all" or self.loss == "mse"):
            raise ValueError("teacher needs batch: a number, and loss: cross_entropy; set them, or teacher: 0")
        return self


class Evaluation(Model):
    """How the programmed chip is tested."""

    pattern_time_s: Annotated[float, Field(gt=0, le=1e-3)] = 2e-6
    """How long each pattern is applied."""
    patterns: Annotated[int, Field(ge=1)] | Literal["all"] = "all"
    """How many test patterns, in the order of the data set; `all` for the whole test set."""
    timed_patterns: Annotated[int, Field(ge=1)] = 500
    """How many of them each chip runs in time for speed and energy where the array engine finds the winners of all of
    them at rest, the second chip the ones after those of the first, and so on; ngspice runs every pattern in time."""
    reference_patterns: Annotated[int, Field(ge=1)] = 20
    """How many patterns, from the first, ngspice solves column by column on the first chip, to say how far the array
    engine is from it."""
    reference_columns: Literal["sample", "all"] = "sample"
    """sample: as many hidden columns as ngspice solves in about two minutes, and all outputs; all: the whole chip."""


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


class Spec(Model):
    """Everything that a run depends on."""

    name: Name
    """1 to 32 of a-z, 0-9 and _, a letter first: it names the top cell, files and the run folder."""
    pdk: Literal["sky130"] = "sky130"
    """The process."""
    array: Array
    network: Network
    supply_V: Supply = 1.8
    """Supply of the array, its memory and its periphery; at most that for which the foundry's models are valid (sky130:
    1.95 V)."""
    temperature_C: Celsius = 27.0
    """Of the chips, everywhere."""
    engine: Literal["ngspice", "array"] = "ngspice"
    """What simulates the array when chips are characterized and evaluated: ngspice up to some thousand synapses, the
    array engine beyond (docs/array-engine.md); every run compares it with ngspice."""
    corners: Annotated[tuple[Corner, ...], Field(min_length=1, max_length=5, strict=False)] = ("tt",)
    """Process corners (tt ss ff sf fs): chips are simulated at the first; `study` goes through all."""
    input: Input
    chips: Chips
    characterization: Characterization = Characterization()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    study: Study | None = None
    """None: the run has its own operating point only."""
    operating: Operating | None = None
    """None: no sweep of input current and supply."""
    limits: Annotated[tuple[Limit, ...], Field(strict=False)] = ()
    """What sign-off demands, beside the standard limits: no DRC violation, no LVS mismatch, no wrong bit."""
    waivers: Annotated[tuple[Waiver, ...], Field(strict=False)] = ()

    @property
    def simulated_in_full(self) -> bool:
        """Whether the engine takes the flat netlist with couplings, wire segments and latches, and every pattern in
        time; else the capacitance of each net, one subcircuit for each distinct cell, and some patterns in time."""
        return self.engine == "ngspice"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.network.layers) != len(self.array.layers):
            raise ValueError(
                f"network.layers has {len(self.network.layers)} layers, array.layers {len(self.array.layers)}: "
                "give both the same number"
            )
        for i, (used, there) in enumerate(zip(self.network.layers, self.array.layers, strict=True)):
            if used > there:
                raise ValueError(f"network.layers[{i}] = {used} does not fit array.layers[{i}] = {there}")
        return self

    @model_validator(mode="after")
    def _fits_the_process(self) -> Self:
        process = load(self.pdk)
        supplies = [("supply_V", self.supply_V)]
        supplies += [("study.supplies_V", v) for v in (self.study.supplies_V if self.study else ())]
        supplies += [("operating.supplies_V", v) for v in (self.operating.supplies_V if self.operating else ())]
        conditions = [limit.conditions for limit in self.limits if limit.conditions is not None]
        supplies += [("limits.conditions.supply_V", c.supply_V) for c in conditions if c.supply_V is not None]
        for where, supply in supplies:
            if supply > process.max_supply_V:
                raise ValueError(
                    f"{where}: {supply:g} V is more than the {process.max_supply_V:g} V up to which the models of "
                    f"{process.name} are valid"
                )
        mirror = self.array.mirror
        for polarity, flavour in (("n", mirror.nfet), ("p", mirror.pfet)):
            try:
                device = process.device(polarity, flavour)  # type: ignore[arg-type]
            except KeyError as error:
                raise ValueError(f"array.mirror.{polarity}fet: {error.args[0]}") from None
            for what, size in (("mirror", mirror), ("switch", self.array.switch)):
                w, l = round(size.w_um * 1000), round(size.l_um * 1000)  # noqa: E741
                if w < device.min_w_nm or l < device.min_l_nm:
                    raise ValueError(
                        f"array.{what}: {size.w_um} x {size.l_um} um is below the smallest {device.name} "
                        f"({device.min_w_nm / 1000} x {device.min_l_nm / 1000} um)"
                    )
        return self


def parse_spec(data: Any, where: str) -> Spec:
    """A validated Spec from parsed YAML; InputError with one line (the first problem, its path, how many more)."""
    if not isinstance(data, dict):
        raise InputError(f"{where}: a spec is a mapping of keys to values; see `somaforge init iris`")
    try:
        return Spec.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = problems[0]
        path = ".".join(str(p) for p in first["loc"]) or "spec"
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
        if isinstance(first["input"], str | int | float) and first["type"] != "value_error":
            message += f", not {first['input']!r}"
        if first["type"] == "extra_forbidden":
            message = "unknown key; see docs/spec.md for the keys"
        raise InputError(f"{where}: {path}: {message}{more}") from None


def load_spec(path: Path) -> Spec:
    """Read and validate a spec file; InputError if it cannot be read, parsed or validated."""
    return parse_spec(read_yaml(path), str(path))
