"""Metrics: the latch, the port and programming."""

from somaforge.flow.signoff.metric import Metric, several

MEMORY: tuple[Metric, ...] = (
    # the latch over corners tt ss ff sf fs, -40, 27 and 85 C, and mismatch
    *several(
        "higher",
        "static noise margin of the latch while it holds: worst of corners and temperatures",
        "memory__hold_snm_min__V",
    ),
    *several("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__hold_snm_mismatch_mean__V"),
    *several("lower", "its standard deviation", "memory__hold_snm_mismatch_sigma__V"),
    *several("higher", "worst of 200 latches with mismatch in the worst corner", "memory__hold_snm_mismatch_min__V"),
    *several(
        "higher",
        "static noise margin of the latch while it is read: worst of corners and temperatures",
        "memory__read_snm_min__V",
    ),
    *several("higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__read_snm_mismatch_mean__V"),
    *several("lower", "its standard deviation", "memory__read_snm_mismatch_sigma__V"),
    *several("higher", "worst of 200 latches with mismatch in the worst corner", "memory__read_snm_mismatch_min__V"),
    *several(
        "higher",
        "highest voltage of the lower bit line that still flips the latch: worst of corners and temperatures",
        "memory__write_margin_min__V",
    ),
    *several(
        "higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__write_margin_mismatch_mean__V"
    ),
    *several("lower", "its standard deviation", "memory__write_margin_mismatch_sigma__V"),
    *several(
        "higher", "worst of 200 latches with mismatch in the worst corner", "memory__write_margin_mismatch_min__V"
    ),
    *several(
        "higher",
        "current with which the latch pulls a bit line down: worst of corners and temperatures",
        "memory__read_current_min__A",
    ),
    *several(
        "higher", "the same, mean of 200 latches with mismatch, tt at 27 C", "memory__read_current_mismatch_mean__A"
    ),
    *several("lower", "its standard deviation", "memory__read_current_mismatch_sigma__A"),
    *several(
        "higher", "worst of 200 latches with mismatch in the worst corner", "memory__read_current_mismatch_min__A"
    ),
    *several(
        "lower",
        "of all of these and of the array's worst latch at the run's own point, latches that cannot hold a bit, lose "
        "it when read, or cannot be written; 0 to pass",
        "memory__bad_latches__count",
    ),
    # the port
    *several("lower", "shortest time that the port's clock may be low, tt, 27 C", "port__half_period_typical__s"),
    *several("lower", "the same, ss, -40 C, 0.9 of the supply", "port__half_period_slow__s"),
    *several("lower", "of it, a latch that pulls its bit line down", "port__bit_line_slow__s"),
    # programming
    *several(
        "lower",
        "latches that were read back wrong, through the port or at transistor level; 0 to pass",
        "program__wrong_bits__count",
    ),
    *several(
        "lower",
        "latches read wrong, read with too little difference, or disturbed; 0 to pass",
        "program__problems__count",
    ),
    *several("neither", "latches written and read at transistor level", "program__bits__count"),
    *several("neither", "latches written and read through the port in Verilog simulation", "program__port_bits__count"),
    *several("neither", "of these through the periphery's gates, on the first chip", "program__gate_bits__count"),
    *several("lower", "clocks to write and read back the whole memory of a chip", "program__port_clocks__count"),
    *several("higher", "smallest difference of a bit-line pair when it is read", "program__read_difference_min__V"),
    *several("lower", "largest drop of a latch node while it should hold", "program__hold_loss_max__V"),
)
