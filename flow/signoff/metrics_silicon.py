"""Metrics: the design, its layout and what it was checked against."""

from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.signoff.metric import Metric, several

SILICON: tuple[Metric, ...] = (
    # design and layout
    *several("neither", "synapses with a weight in the array", "design__synapses__count"),
    *several("neither", "transistors in the array, latches included", "design__transistors__count"),
    *several(
        "neither",
        "multiply-accumulates of one pattern: the weights of the network that runs (49 for 4-7-3)",
        "design__macs__count",
    ),
    *several("lower", "pitch area of a synapse with its latches", "layout__synapse__um2"),
    *several("lower", "pitch area of a soma", "layout__soma__um2"),
    *several("lower", "the whole macro", "layout__die__um2"),
    *several("higher", "share of the macro that cells cover", "layout__utilization__ratio"),
    *several("higher", "the same without the port's periphery", "layout__core_utilization__ratio"),
    *several("neither", "rules of good matching, looked at on the drawn mirrors", "layout__matching__rules__count"),
    *several(
        "higher", "of these the ones that they follow (report/matching.json)", "layout__matching__followed__count"
    ),
    # checks
    *(Metric(check.metric, "lower", check.meaning) for check in LAYOUT_CHECKS),
    *several(
        "lower",
        "layers with shapes that may be masks and that no native rule looks at; 0 to pass",
        "drc__unchecked_layers__count",
    ),
    *several(
        "lower",
        "area of a framed chip that is not its array with its latches (drivers, port, readout, control, wires between "
        "them; not what the frame leaves free), over the array's",
        "layout__beyond_array__ratio",
    ),
    *several("higher", "rules that were checked", *(check.rules_metric for check in LAYOUT_CHECKS)),
    *several(
        "lower",
        "layout against schematic: devices, W, L, nets, pins; 0 to pass and to go on",
        "lvs__mismatches__count",
    ),
    *several("neither", "what was compared", "lvs__devices__count", "lvs__nets__count"),
    *several("lower", "the second opinion on every cell; 0 to pass and to go on", "netgen__mismatches__count"),
    *several("neither", "cells that netgen compared", "netgen__cells__count"),
    *several("lower", "checks of the shuttle that the submission fails; 0 to pass", "shuttle__failures__count"),
    *several("higher", "checks of the shuttle that were run (docs/tapeout.md)", "shuttle__checks__count"),
    *several("lower", "checks of the shuttle that cannot run here", "shuttle__not_run__count"),
    # parasitics
    *several("lower", "wiring capacitance that one synapse adds to its row and column", "pex__synapse__F"),
    *several("lower", "sum of all wiring capacitances", "pex__wiring__F"),
    *several(
        "neither",
        "what the layout changes against the schematic on the same chip and patterns (0: nothing)",
        "pex__slope_change__ratio",
        "pex__energy_change__ratio",
        "pex__time_to_output_change__ratio",
    ),
    *several("neither", "elements in the post-layout netlist", "pex__capacitors__count", "pex__resistors__count"),
    *several(
        "neither", "nets with a wire, and transistors, of the layout", "pex__nets__count", "pex__transistors__count"
    ),
    *several("neither", "resistors and diodes of a layout (pex --layout)", "pex__other_devices__count"),
    # hard macro
    *several("lower", "the hard macro: the macro with the margin of its pins and straps", "hard_macro__die__um2"),
    *several(
        "lower",
        "the hard macro: violations of layout rules and differences from its netlist; more ends the run",
        "hard_macro__violations__count",
        "hard_macro__mismatches__count",
    ),
    # drivers
    *several(
        "lower",
        "the block of drivers alone: violations of layout rules, differences from its netlist; more ends the run",
        "drivers__violations__count",
        "drivers__mismatches__count",
    ),
    *several("neither", "transistors of the drivers, latches and port included", "drivers__transistors__count"),
    *several("lower", "the block of drivers", "drivers__die__um2"),
    *several(
        "lower",
        "supply power of the drivers' reference somas with their reference currents; not in the energies",
        "drivers__references__W",
    ),
    *several("lower", "leakage of the drivers' latches and port; not in the energies", "drivers__leakage__W"),
    *several(
        "lower",
        "shifting a random pattern into the drivers; and of it what one bit takes at a clock if nothing changes",
        "drivers__load__J",
        "drivers__clock__J",
    ),
    *several("lower", "leakage of the control's gates after a reset, clock low", "control__leakage__W"),
    *several("neither", "flip-flops of the control", "control__flip_flops__count"),
    *several("lower", "what a driver adds to its input: wires, and the drains of open switches", "drivers__column__F"),
    # cells alone
    *several("neither", "output over soma input for code 1 at 15 nA, no mismatch", "cells__unit_gain__ratio"),
    *several(
        "lower", "worst departure of a code from its multiple of code 1, at 15 nA", "cells__code_error_max__ratio"
    ),
    *several("lower", "worst difference between +code and -code, at 15 nA", "cells__asymmetry_max__ratio"),
    *several(
        "higher", "static noise margins of the latch", "cells__latch_hold_margin__V", "cells__latch_read_margin__V"
    ),
    *several("neither", "how long one reading of a product averages, for its noise", "noise__reading__s"),
    *several(
        "lower",
        "deviation between readings of one product over the product: median and worst of all codes and three inputs, "
        "from ngspice's noise analysis",
        "noise__reading_p50__ratio",
        "noise__reading_max__ratio",
    ),
    *several("lower", "the same between chips: mismatch before any calibration, median", "noise__chips_p50__ratio"),
)
