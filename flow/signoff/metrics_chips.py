"""Metrics: what a tester measured and what the chips did."""

from somaforge.flow.signoff.metric import Metric, several

CHIPS: tuple[Metric, ...] = (
    # what the tester measured
    *several(
        "neither",
        "standard deviation over mean of the measured soma slopes, mean over chips",
        "characterize__slope_spread__ratio",
    ),
    *several(
        "lower",
        "distance of the measured paths from the fitted model",
        "characterize__residual_max__ratio",
        "characterize__residual_rms__ratio",
    ),
    *several(
        "lower",
        "model against readings for random networks that it was not fitted to: rms over the outputs' rms, all chips "
        "and the worst chip",
        "characterize__model_error_rms__ratio",
        "characterize__model_error_max__ratio",
    ),
    *several(
        "neither", "magnitude of a negative unit weight over a positive one", "characterize__negative_strength__ratio"
    ),
    *several(
        "lower",
        "worst departure of the measured code table from a line",
        "characterize__code_nonlinearity_max__ratio",
    ),
    *several(
        "neither", "exponent of a soma's output over its input; 1 is a straight line", "characterize__exponent__ratio"
    ),
    *several("lower", "how far the simulated measurement was from rest", "characterize__unsettled_max__ratio"),
    *several("neither", "measurements made", "characterize__patterns__count"),
    *several("neither", "the smallest current that a tester had to tell from noise", "tester__smallest_current__A"),
    *several("lower", "how often weights were written to characterize all chips", "tester__programmings__count"),
    *several("lower", "what writing, settling and reading take with a tester, all chips", "tester__time__s"),
    *several(
        "lower", "bits of synapses whose current is below three errors of its reading", "tester__weak_bits__count"
    ),
    # what the chips did
    *several("higher", "software network without mismatch, test patterns", "accuracy__model_ideal__ratio"),
    *several("higher", "software network with each chip's calibration, test patterns", "accuracy__model_chip__ratio"),
    *several("higher", "the same on the training patterns", "accuracy__train_chip__ratio"),
    *several("higher", "the best chip's, test patterns", "accuracy__model_best_chip__ratio"),
    *several(
        "higher",
        "the ideal network on each chip's calibration: without training for it",
        "accuracy__model_blind__ratio",
    ),
    *several("higher", "programmed chips on ngspice, post-layout, test patterns", "accuracy__spice__ratio"),
    *several(
        "neither",
        "how many patterns and chips that is",
        "accuracy__spice__patterns__count",
        "accuracy__spice__chips__count",
    ),
    *several("higher", "the worst chip", "accuracy__spice_worst_chip__ratio"),
    *several("higher", "chips without an error", "accuracy__spice_perfect__chips__count"),
    *several("higher", "programmed chips on the array engine, post-layout, test patterns", "accuracy__array__ratio"),
    *several(
        "neither",
        "how many patterns and chips that is",
        "accuracy__array__patterns__count",
        "accuracy__array__chips__count",
    ),
    *several(
        "higher",
        "first chip, first patterns, on ngspice, every synapse or column on its own",
        "accuracy__columns__ratio",
    ),
    *several(
        "higher",
        "small data sets, first chips on the array engine at rest: mean over five splits, each with networks of its "
        "own, and the worst split",
        "accuracy__folds__ratio",
        "accuracy__folds_worst__ratio",
    ),
    *several("neither", "chips times splits that this is", "accuracy__folds__networks__count"),
    *several(
        "lower",
        "array engine against ngspice: error of currents above 1 % of full scale, first chip and patterns",
        "engine__current_error_p50__ratio",
        "engine__current_error_max__ratio",
    ),
    *several(
        "lower",
        "array engine against the foundry's whole models, body resistors included: error of currents above 1 % of full "
        "scale at rest, first chip and patterns",
        "engine__full_model_error_p50__ratio",
        "engine__full_model_error_max__ratio",
    ),
    *several(
        "lower",
        "the same in time: error of the time to half of an output's change, first chip, where ngspice simulates the "
        "array",
        "engine__full_model_time_error_p50__ratio",
        "engine__full_model_time_error_max__ratio",
    ),
    *several(
        "neither",
        "currents and patterns that were compared",
        "engine__compared_currents__count",
        "engine__compared_patterns__count",
    ),
    *several("neither", "share of the hidden columns that ngspice solved", "engine__compared_columns__ratio"),
    *several("lower", "patterns with another winner on the array engine", "engine__winners_differ__count"),
    *several("higher", "the worst chip", "accuracy__array_worst_chip__ratio"),
    *several(
        "higher",
        "codes in, class out: programmed chips with their drivers, and a winner-take-all of the spread that was "
        "measured on its layout (docs/readout.md); mean and worst chip",
        "accuracy__chip__ratio",
        "accuracy__chip_worst__ratio",
    ),
    *several(
        "lower",
        "from a pattern in the drivers' latches to a valid class: the array's time to output, and the race that "
        "begins then",
        "present__decision_p50__s",
        "present__decision_p99__s",
    ),
    *several(
        "lower",
        "to load a pattern into the drivers at the port's shortest period: slow corner, typical, and of the slow one "
        "what is left to do after the decision before",
        "present__load__s",
        "present__load_typical__s",
        "present__load_after__s",
    ),
    *several(
        "lower", "the same through the chip's pins, in nibbles at a quarter of the clock", "present__load_pins__s"
    ),
    *several(
        "lower",
        "bias and converter at rest, beside the currents that they give; the winner-take-all while its result stands, "
        "and a race of it, both beside their input currents: schematics at the spec's reference current",
        "readout__bias__W",
        "readout__held__W",
        "readout__race__J",
    ),
    *several(
        "lower",
        "a decision of the whole chip, its pattern loaded through the pins: array, drivers, bias, race, control and "
        "its clock; the report says what is left out",
        "energy__chip_decision__J",
    ),
    *several("higher", "multiply-accumulates per joule of it", "efficiency__chip__mac__per_J"),
    *several("higher", "chips without an error", "accuracy__array_perfect__chips__count"),
    *several(
        "neither", "patterns of each chip that ran in time, for speed and energy", "evaluate__timed_patterns__count"
    ),
    *several(
        "higher", "share of them with the final winner at the end of the pattern", "evaluate__timed_agreement__ratio"
    ),
    *several(
        "lower",
        "timed patterns in which the supply seems to take energy back: the simulation is wrong there",
        "evaluate__negative_energy__count",
    ),
    *several(
        "lower",
        "supply energy per multiply-accumulate, counted as one and as two operations",
        "energy__mac__J",
        "energy__operation_of_two__J",
    ),
    *several("higher", "multiply-accumulates per joule", "efficiency__mac__per_J"),
    *several(
        "lower",
        "from the pattern change to the last change of the winning output",
        "time_to_output__p50__s",
        "time_to_output__p99__s",
    ),
    *several(
        "lower",
        "largest drop in the drawn supply nets, every soma at the input current and every synapse at its top code",
        "power__ir_drop_max__V",
    ),
    *several(
        "lower",
        "largest current of a wire or via of those nets over the foundry's limit, under the same currents",
        "power__strap_current_density__ratio",
    ),
    *several(
        "lower",
        "the fixed run time after which 99 % of the timed patterns keep their winner",
        "fixed_time__run__s",
    ),
    *several(
        "lower",
        "ends of the 95 % intervals of that time and of the 99th percentile (bootstrap over chips and patterns)",
        "fixed_time__run_low__s",
        "fixed_time__run_high__s",
        "time_to_output__p99_low__s",
        "time_to_output__p99_high__s",
    ),
    *several(
        "higher",
        "ends of the 95 % intervals of multiply-accumulates per joule, at that run time and over the pattern time",
        "fixed_time__mac_low__per_J",
        "fixed_time__mac_high__per_J",
        "efficiency__mac_low__per_J",
        "efficiency__mac_high__per_J",
    ),
    *several(
        "lower",
        "energy per multiply-accumulate at that run time, counted as one and as two operations",
        "fixed_time__mac__J",
        "fixed_time__operation_of_two__J",
    ),
    *several("higher", "multiply-accumulates per joule at that run time", "fixed_time__mac__per_J"),
    *several("lower", "supply power while patterns run, input currents and leakage included", "power__mean__W"),
    *several(
        "lower",
        "leakage of all latches and of the port's cells, mean over mismatch; part of every power and energy figure",
        "power__memory_leakage__W",
    ),
    *several("lower", "leakage of one latch, all of the first chip simulated", "power__latch__W"),
    *several(
        "lower",
        "what leaving the latches out of the array's simulation changes in its outputs",
        "engine__latch_effect_max__ratio",
    ),
)
