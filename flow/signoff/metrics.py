"""Every metric once: its meaning, its unit and which way is better. docs/metrics.md is written from this table."""

from dataclasses import dataclass
from typing import Literal

from somaforge.flow.checks.registry import LAYOUT_CHECKS

Better = Literal["higher", "lower", "neither"]

NOISE_OF_RESOURCES = 0.5
"""Run time and memory of the same work differ by this much on a shared machine: one demo took 5 to 12 minutes."""

UNITS = {
    "count": "1",
    "ratio": "1",
    "um2": "um2",
    "F": "F",
    "V": "V",
    "A": "A",
    "per_J": "1/J",  # before "J", with which it ends, too
    "J": "J",
    "s": "s",
    "W": "W",
    "ohm": "ohm",
    "bytes": "B",
}
"""What the end of a metric's name says; SI units, areas in square micrometres."""


@dataclass(frozen=True)
class Metric:
    """What somaforge knows about one metric, or about a family with <name> in its name."""

    name: str
    better: Better
    meaning: str
    noise: float = 0.0
    """Relative change that says nothing."""

    @property
    def unit(self) -> str:
        """Its unit, from the end of its name."""
        return unit_of(self.name)

    def covers(self, name: str) -> bool:
        """Whether `name` is this metric or one of its family."""
        head, mark, tail = self.name.partition("<name>")
        if not mark:
            return name == self.name
        return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)


def unit_of(name: str) -> str:
    """The unit that a metric's name ends with; "" if there is none."""
    for end, unit in UNITS.items():
        if name.endswith(f"_{end}"):
            return unit
    return ""


def find(name: str) -> Metric | None:
    """The metric of that name; None if the table does not have it."""
    return next((m for m in METRICS if m.covers(name)), None)


def is_resource(name: str) -> bool:
    """Whether it says what a run took (time, memory) and nothing about what it made."""
    metric = find(name)
    return metric is not None and metric.noise == NOISE_OF_RESOURCES


def _of(better: Better, meaning: str, *names: str, noise: float = 0.0) -> tuple[Metric, ...]:
    return tuple(Metric(name, better, meaning, noise) for name in names)


METRICS: tuple[Metric, ...] = (
    # design and layout
    *_of("neither", "synapses with a weight in the array", "design__synapses__count"),
    *_of("neither", "transistors in the array, latches included", "design__transistors__count"),
    *_of(
        "neither",
        "multiply-accumulates of one pattern: the weights of the network that runs (49 for 4-7-3)",
        "design__macs__count",
    ),
    *_of("lower", "pitch area of a synapse with its latches", "layout__synapse__um2"),
    *_of("lower", "pitch area of a soma", "layout__soma__um2"),
    *_of("lower", "the whole macro", "layout__die__um2"),
    *_of("higher", "share of the macro that cells cover", "layout__utilization__ratio"),
    *_of("higher", "the same without the port's periphery", "layout__core_utilization__ratio"),
    *_of("neither", "rules of good matching, looked at on the drawn mirrors", "layout__matching__rules__count"),
    *_of("higher", "of these the ones that they follow (report/matching.json)", "layout__matching__followed__count"),
    # checks
    *(Metric(check.metric, "lower", check.meaning) for check in LAYOUT_CHECKS),
    *_of(
        "lower",
        "layers with shapes that may be masks and that no native rule looks at; 0 to pass",
        "drc__unchecked_layers__count",
    ),
    *_of("higher", "rules that were checked", *(check.rules_metric for check in LAYOUT_CHECKS)),
    *_of(
        "lower",
        "layout against schematic: devices, W, L, nets, pins; 0 to pass and to go on",
        "lvs__mismatches__count",
    ),
    *_of("neither", "what was compared", "lvs__devices__count", "lvs__nets__count"),
    *_of("lower", "the second opinion on every cell; 0 to pass and to go on", "netgen__mismatches__count"),
    *_of("neither", "cells that netgen compared", "netgen__cells__count"),
    # parasitics
    *_of("lower", "wiring capacitance that one synapse adds to its row and column", "pex__synapse__F"),
    *_of("lower", "sum of all wiring capacitances", "pex__wiring__F"),
    *_of(
        "neither",
        "what the layout changes against the schematic on the same chip and patterns (0: nothing)",
        "pex__slope_change__ratio",
        "pex__energy_change__ratio",
        "pex__time_to_output_change__ratio",
    ),
    *_of("neither", "elements in the post-layout netlist", "pex__capacitors__count", "pex__resistors__count"),
    *_of("neither", "nets with a wire, and transistors, of the layout", "pex__nets__count", "pex__transistors__count"),
    *_of("neither", "resistors and diodes of a layout (pex --layout)", "pex__other_devices__count"),
    # cells alone
    *_of("neither", "output over soma input for code 1 at 15 nA, no mismatch", "cells__unit_gain__ratio"),
    *_of("lower", "worst departure of a code from its multiple of code 1, at 15 nA", "cells__code_error_max__ratio"),
    *_of("lower", "worst difference between +code and -code, at 15 nA", "cells__asymmetry_max__ratio"),
    *_of("higher", "static noise margins of the latch", "cells__latch_hold_margin__V", "cells__latch_read_margin__V"),
    *_of("neither", "how long one reading of a product averages, for its noise", "noise__reading__s"),
    *_of(
        "lower",
        "deviation between readings of one product over the product: median and worst of all codes and three inputs, "
        "from ngspice's noise analysis",
        "noise__reading_p50__ratio",
        "noise__reading_max__ratio",
    ),
    *_of("lower", "the same between chips: mismatch before any calibration, median", "noise__chips_p50__ratio"),
    # what the tester measured
    *_of(
        "neither",
        "standard deviation over mean of the measured soma slopes, mean over chips",
        "characterize__slope_spread__ratio",
    ),
    *_of(
        "lower",
        "distance of the measured paths from the fitted model",
        "characterize__residual_max__ratio",
        "characterize__residual_rms__ratio",
    ),
    *_of(
        "neither", "magnitude of a negative unit weight over a positive one", "characterize__negative_strength__ratio"
    ),
    *_of(
        "lower",
        "worst departure of the measured code table from a line",
        "characterize__code_nonlinearity_max__ratio",
    ),
    *_of(
        "neither", "exponent of a soma's output over its input; 1 is a straight line", "characterize__exponent__ratio"
    ),
    *_of("lower", "how far the simulated measurement was from rest", "characterize__unsettled_max__ratio"),
    *_of("neither", "measurements made", "characterize__patterns__count"),
    *_of("neither", "the smallest current that a tester had to tell from noise", "tester__smallest_current__A"),
    *_of("lower", "how often weights were written to characterize all chips", "tester__programmings__count"),
    *_of("lower", "what writing, settling and reading take with a tester, all chips", "tester__time__s"),
    *_of("lower", "bits of synapses whose current is below three errors of its reading", "tester__weak_bits__count"),
    # what the chips did
    *_of("higher", "software network without mismatch, test patterns", "accuracy__model_ideal__ratio"),
    *_of("higher", "software network with each chip's calibration, test patterns", "accuracy__model_chip__ratio"),
    *_of("higher", "the same on the training patterns", "accuracy__train_chip__ratio"),
    *_of("higher", "the best chip's, test patterns", "accuracy__model_best_chip__ratio"),
    *_of(
        "higher",
        "the ideal network on each chip's calibration: without training for it",
        "accuracy__model_blind__ratio",
    ),
    *_of("higher", "programmed chips on ngspice, post-layout, test patterns", "accuracy__spice__ratio"),
    *_of(
        "neither",
        "how many patterns and chips that is",
        "accuracy__spice__patterns__count",
        "accuracy__spice__chips__count",
    ),
    *_of("higher", "the worst chip", "accuracy__spice_worst_chip__ratio"),
    *_of("higher", "chips without an error", "accuracy__spice_perfect__chips__count"),
    *_of("higher", "programmed chips on the array engine, post-layout, test patterns", "accuracy__array__ratio"),
    *_of(
        "neither",
        "how many patterns and chips that is",
        "accuracy__array__patterns__count",
        "accuracy__array__chips__count",
    ),
    *_of(
        "higher",
        "first chip, first patterns, on ngspice, every synapse or column on its own",
        "accuracy__columns__ratio",
    ),
    *_of(
        "higher",
        "small data sets, first chips on the array engine at rest: mean over five splits, each with networks of its "
        "own, and the worst split",
        "accuracy__folds__ratio",
        "accuracy__folds_worst__ratio",
    ),
    *_of("neither", "chips times splits that this is", "accuracy__folds__networks__count"),
    *_of(
        "lower",
        "array engine against ngspice: error of currents above 1 % of full scale, first chip and patterns",
        "engine__current_error_p50__ratio",
        "engine__current_error_max__ratio",
    ),
    *_of(
        "lower",
        "array engine against the foundry's whole models, body resistors included: error of currents above 1 % of full "
        "scale at rest, first chip and patterns",
        "engine__full_model_error_p50__ratio",
        "engine__full_model_error_max__ratio",
    ),
    *_of(
        "lower",
        "the same in time: error of the time to half of an output's change, first chip, where ngspice simulates the "
        "array",
        "engine__full_model_time_error_p50__ratio",
        "engine__full_model_time_error_max__ratio",
    ),
    *_of(
        "neither",
        "currents and patterns that were compared",
        "engine__compared_currents__count",
        "engine__compared_patterns__count",
    ),
    *_of("neither", "share of the hidden columns that ngspice solved", "engine__compared_columns__ratio"),
    *_of("lower", "patterns with another winner on the array engine", "engine__winners_differ__count"),
    *_of("higher", "the worst chip", "accuracy__array_worst_chip__ratio"),
    *_of("higher", "chips without an error", "accuracy__array_perfect__chips__count"),
    *_of("neither", "patterns of each chip that ran in time, for speed and energy", "evaluate__timed_patterns__count"),
    *_of("higher", "share of them with the final winner at the end of the pattern", "evaluate__timed_agreement__ratio"),
    *_of(
        "lower",
        "timed patterns in which the supply seems to take energy back: the simulation is wrong there",
        "evaluate__negative_energy__count",
    ),
    *_of(
        "lower",
        "supply energy per multiply-accumulate, counted as one and as two operations",
        "energy__mac__J",
        "energy__operation_of_two__J",
    ),
    *_of("higher", "multiply-accumulates per joule", "efficiency__mac__per_J"),
    *_of(
        "lower",
        "from the pattern change to the last change of the winning output",
        "time_to_output__p50__s",
        "time_to_output__p99__s",
    ),
    *_of(
        "lower",
        "largest drop in the drawn supply nets, every soma at the input current and every synapse at its top code",
        "power__ir_drop_max__V",
    ),
    *_of(
        "lower",
        "largest current of a wire or via of those nets over the foundry's limit, under the same currents",
        "power__strap_current_density__ratio",
    ),
    *_of(
        "lower",
        "the fixed run time after which 99 % of the timed patterns keep their winner",
        "fixed_time__run__s",
    ),
    *_of(
        "lower",
        "ends of the 95 % intervals of that time and of the 99th percentile (bootstrap over chips and patterns)",
        "fixed_time__run_low__s",
        "fixed_time__run_high__s",
        "time_to_output__p99_low__s",
        "time_to_output__p99_high__s",
    ),
    *_of(
        "higher",
        "ends of the 95 % intervals of multiply-accumulates per joule, at that run time and over the pattern time",
        "fixed_time__mac_low__per_J",
        "fixed_time__mac_high__per_J",
        "efficiency__mac_low__per_J",
        "efficiency__mac_high__per_J",
    ),
    *_of(
        "lower",
        "energy per multiply-accumulate at that run time, counted as one and as two operations",
        "fixed_time__mac__J",
        "fixed_time__operation_of_two__J",
    ),
    *_of("higher", "multiply-accumulates per joule at that run time", "fixed_time__mac__per_J"),
    *_of("lower", "supply power while patterns run, input currents and leakage included", "power__mean__W"),
    *_of(
        "lower",
        "leakage of all latches and of the port's cells, mean over mismatch; part of every power and energy figure",
        "power__memory_leakage__W",
    ),
    *_of("lower", "leakage of one latch, all of the first chip simulated", "power__latch__W"),
    *_of(
        "lower",
        "what leaving the latches out of the array's simulation changes in its outputs",
        "engine__latch_effect_max__ratio",
    ),
    # the latch over corners tt ss ff sf fs, -40, 27 and 85 C, and mismatch
    *_of(
        "higher",
        "static noise margin of the latch while it holds: worst of corners and temperatures",
        "memory__hold_snm_min__V",
    ),
    *_of("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__hold_snm_mismatch_mean__V"),
    *_of("lower", "its standard deviation", "memory__hold_snm_mismatch_sigma__V"),
    *_of("higher", "worst of 200 latches with mismatch in the worst corner", "memory__hold_snm_mismatch_min__V"),
    *_of(
        "higher",
        "static noise margin of the latch while it is read: worst of corners and temperatures",
        "memory__read_snm_min__V",
    ),
    *_of("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__read_snm_mismatch_mean__V"),
    *_of("lower", "its standard deviation", "memory__read_snm_mismatch_sigma__V"),
    *_of("higher", "worst of 200 latches with mismatch in the worst corner", "memory__read_snm_mismatch_min__V"),
    *_of(
        "higher",
        "highest voltage of the lower bit line that still flips the latch: worst of corners and temperatures",
        "memory__write_margin_min__V",
    ),
    *_of("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__write_margin_mismatch_mean__V"),
    *_of("lower", "its standard deviation", "memory__write_margin_mismatch_sigma__V"),
    *_of("higher", "worst of 200 latches with mismatch in the worst corner", "memory__write_margin_mismatch_min__V"),
    *_of(
        "higher",
        "current with which the latch pulls a bit line down: worst of corners and temperatures",
        "memory__read_current_min__A",
    ),
    *_of("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__read_current_mismatch_mean__A"),
    *_of("lower", "its standard deviation", "memory__read_current_mismatch_sigma__A"),
    *_of("higher", "worst of 200 latches with mismatch in the worst corner", "memory__read_current_mismatch_min__A"),
    *_of(
        "lower",
        "of all of these and of the array's worst latch at the run's own point, latches that cannot hold a bit, lose "
        "it when read, or cannot be written; 0 to pass",
        "memory__bad_latches__count",
    ),
    # the port
    *_of("lower", "shortest time that the port's clock may be low, tt, 27 C", "port__half_period_typical__s"),
    *_of("lower", "the same, ss, -40 C, 0.9 of the supply", "port__half_period_slow__s"),
    *_of("lower", "of it, a latch that pulls its bit line down", "port__bit_line_slow__s"),
    # programming
    *_of(
        "lower",
        "latches that were read back wrong, through the port or at transistor level; 0 to pass",
        "program__wrong_bits__count",
    ),
    *_of(
        "lower",
        "latches read wrong, read with too little difference, or disturbed; 0 to pass",
        "program__problems__count",
    ),
    *_of("neither", "latches written and read at transistor level", "program__bits__count"),
    *_of("neither", "latches written and read through the port in Verilog simulation", "program__port_bits__count"),
    *_of("neither", "of these through the periphery's gates, on the first chip", "program__gate_bits__count"),
    *_of("lower", "clocks to write and read back the whole memory of a chip", "program__port_clocks__count"),
    *_of("higher", "smallest difference of a bit-line pair when it is read", "program__read_difference_min__V"),
    *_of("lower", "largest drop of a latch node while it should hold", "program__hold_loss_max__V"),
    # other operating points
    *_of("neither", "points of the sweep of input current and supply", "operating__points__count"),
    *_of(
        "higher",
        "of these the ones where chips keep nine tenths of their accuracy, nine tenths of the timed patterns settle "
        "and the weight memory has a margin",
        "operating__working__count",
    ),
    *_of("lower", "lowest supply of the sweep down to which they do", "operating__supply_min__V"),
    *_of(
        "neither",
        "the point of the sweep with the highest efficiency at the fixed run time after which 99 % of the timed "
        "patterns keep their winner, within the loss of accuracy that the spec allows: mean input current and supply",
        "best_point__input__A",
        "best_point__supply__V",
    ),
    *_of("higher", "accuracy there, at rest", "best_point__accuracy__ratio"),
    *_of("lower", "what that is below the run's own point", "best_point__accuracy_loss__ratio"),
    *_of(
        "lower",
        "the fixed run time there, and the 99th percentile of the time to output",
        "best_point__run__s",
        "best_point__time_to_output_p99__s",
    ),
    *_of(
        "lower",
        "supply power there while patterns run, input currents and leakage included",
        "best_point__power__W",
    ),
    *_of("lower", "leakage of latches and port in it", "best_point__memory_leakage__W"),
    *_of(
        "higher",
        "smallest of the hold, read and write margins that the array's worst latch is expected to have there: mean "
        "less standard deviation times the quantile of 1 - 1/latches, of 50 latches with mismatch",
        "best_point__memory_margin_min__V",
    ),
    *_of("higher", "the same at the worst point of the corner study", "corners__memory_margin_min__V"),
    *_of(
        "higher",
        "the same, one by one, at the run's own point, and at a point of the study (for limits with conditions)",
        "memory__worst_hold__V",
        "memory__worst_read__V",
        "memory__worst_write__V",
    ),
    *_of(
        "lower",
        "energy per multiply-accumulate there at the fixed run time, counted as one and as two operations",
        "best_point__mac__J",
        "best_point__operation_of_two__J",
    ),
    *_of("higher", "multiply-accumulates per joule there", "best_point__mac__per_J"),
    *_of("neither", "operating points of the corner study, times ways of calibration", "corners__points__count"),
    *_of(
        "higher",
        "lowest accuracy over corners, temperatures and supplies, calibrated at the run's own point and at each",
        "corners__nominal_accuracy_min__ratio",
        "corners__recalibrated_accuracy_min__ratio",
    ),
    *_of(
        "lower",
        "median change of the output currents, and of their shares of the sum, at the worst temperature against the "
        "run's own",
        "corners__temperature_current_change__ratio",
        "corners__temperature_share_change__ratio",
    ),
    *_of(
        "higher",
        "patterns with the same winner at the worst temperature and at the run's own",
        "corners__temperature_same_winner__ratio",
    ),
    # the population
    *_of(
        "higher",
        "share of chips that meet every limit, and the ends of its 95 % interval (Clopper-Pearson)",
        "yield__chips__ratio",
        "yield__low__ratio",
        "yield__high__ratio",
    ),
    *_of("higher", "chips that meet every limit", "yield__good__count"),
    *_of("neither", "chips that were judged", "yield__chips__count"),
    *_of("lower", "supply power at rest, input currents and leakage included (montecarlo)", "power__settled__W"),
    *_of("neither", "chips times operating points of a Monte Carlo study", "montecarlo__points__count"),
    # the run
    *_of("neither", "lines of the verdict", "signoff__limits__count"),
    *_of("lower", "lines that failed or were waived", "signoff__failures__count", "signoff__waived__count"),
    *_of(
        "lower",
        "run time and peak memory of each step, child processes included",
        "step__<name>__s",
        "step__<name>__rss_bytes",
        noise=NOISE_OF_RESOURCES,
    ),
)
