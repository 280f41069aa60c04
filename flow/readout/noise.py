"""Noise of a comparator of one transistor and its current source, at the voltage where it decides."""

from collections.abc import Sequence

import numpy as np

from somaforge.flow.readout.bench import TIMEOUT_S, Bench
from somaforge.flow.spice.deck import Deck, control, size_of
from somaforge.flow.spice.process import last_error, parse_raw, run_ngspice
from somaforge.generator.circuit import Mos
from somaforge.pdk.errors import ToolError

LOW_HZ, HIGH_HZ = 1.0, 1e9
"""Slower changes are drift; nothing in the comparator is faster."""


def input_noise_V(bench: Bench, mos: Sequence[Mos], bias_A: float) -> float:  # noqa: N802 (a unit)
    """Standard deviation of the comparator's input, in V: the noise of its output in its own bandwidth over its gain.

    `mos`: comparator (gate is the input), load, and the diode that sets the load's gate. The input voltage is the one
    that a diode of the comparator has at the same current, found by a copy of it, so that the output is not at a rail.
    """
    compare, load, diode = mos
    options = "reltol=1e-5 abstol=1e-15 vntol=1e-8 gmin=1e-15 itl1=500 sparse"
    deck = Deck("noise of a comparator", bench.pdk.models, bench.where, options, body=False)
    deck.put(f"v_vdd vdd gnd {bench.where.supply_V:.9g}")
    for m, nets in ((compare, "out in gnd gnd"), (load, "out bias vdd vdd"), (diode, "bias bias vdd vdd")):
        deck.transistor(m.name, size_of(m), nets.split())
    deck.put(f"i_bias bias gnd {bias_A:.9e}")
    # A slow loop sets the operating point: the output follows the middle, the input has no signal of it above 1 uHz.
    deck.put("e_set set gnd out middle 10", f"v_middle middle gnd {bench.where.supply_V / 2:.6g}")
    deck.put("l_set set joint 1e12", "c_set joint source 1e6", "v_source source gnd dc 0 ac 1", "r_in joint in 1")
    sweep = f"noise v(out) v_source dec 10 {LOW_HZ:g} {HIGH_HZ:g}"
    written = "write out.raw onoise_spectrum inoise_spectrum"
    text = deck.text(*control("set sqrnoise", sweep, "setplot previous", written))
    run = run_ngspice(text, TIMEOUT_S, control=True, what="noise of a comparator")
    try:
        names, values = parse_raw(run.raw)
        output, at_input = (values[:, names.index(n)] for n in ("onoise_spectrum", "inoise_spectrum"))
    except ValueError as error:
        raise ToolError(f"ngspice: noise of a comparator: {error}; {last_error(run.log)}") from None
    gain = np.sqrt(output[0] / at_input[0])  # spectra are V^2/Hz
    return float(np.sqrt(np.trapezoid(output, values[:, 0])) / gain)
