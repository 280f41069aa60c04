"""What runs on the array: network, input currents, chips and how they are measured, trained and tested."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from somaforge.generator.spec.data import Data
from somaforge.generator.spec.fields import FIRST, LayerSize, Model
from somaforge.generator.spec.tester import Meter
from somaforge.pdk import load
from somaforge.pdk.models import Law


class Network(Model):
    """The network that runs on the array, on its first neurons of each layer."""

    layers: Annotated[tuple[LayerSize, ...], Field(min_length=2, max_length=8, strict=False)]
    """Neurons per layer, as many layers as the array has; it may be smaller, unused weights are 0."""
    dataset: Data = "iris"
    """A name, or a mapping that says which files of yours it is (docs/data.md). iris: 120 and 30 flowers, 4 features,
    3 classes; digits: 8 x 8 images, 64 features, 10 classes; mnist: 60,000 and 10,000 images, their 196 most active
    pixels, 10 classes; fsdd: 2,700 and 300 spoken digits, 12 cepstral coefficients in 11 slices of time, 10 classes.
    The last two need files: --data-dir. The flow knows the names (flow/datasets) and refuses others when it reads a
    spec."""

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
    law: Law = load(FIRST).models.laws[0]
    """Which of the foundry's statistics; of sky130's: continuous, what its newest models draw for each transistor;
    binned and subthreshold, what its older cards draw with their two sets of numbers; pelgrom, its matching constants
    alone, A_VT / sqrt(W L): 1.4 to 2.4 times less for the units of n mirrors (docs/mismatch.md)."""

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
    group of columns, and before it by which power each output goes with a column's current; 15,828 patterns of ten
    output currents with 160 programmings for 196-100-50-10."""
    tester: Meter = Meter()
    """What reads the output currents."""


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
    l1_synapses: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Cost in a chip's training of the current through all synapses, whatever their sign, in full-scale currents;
    minibatches only. Most of the supply's current is that; somas take in the small difference of its parts."""
    close: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Cost in a chip's training of patterns whose class leads by less than 70 % of the larger output current
    (flow/learning/costs.py); minibatches only. Close decisions are the late ones."""
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
        for name in ("close", "l1_synapses"):
            if getattr(self, name) and self.batch == "all":
                raise ValueError(f"{name} needs batch: a number; set it, or {name}: 0")
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
    fold_chips: Annotated[int, Field(ge=0, le=1000)] = 2
    """How many of the first chips also run the other four splits of a small data set (iris, digits with `batch: all`),
    each with a network of its own, on the array engine at rest: accuracy__folds__ratio. 0: none."""
