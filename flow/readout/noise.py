"""Noise of a comparator of one transistor and its current source, at the voltage where it decides."""

from collections.abc import Sequence

import numpy as np

from somaforge.flow.engines.process import last_error, parse_raw, run_ngspice
from somaforge.flow.readout.bench import TIMEOUT_S, Bench
from somaforge.generator.circuit import Mos
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind
from somaforge.pdk.templating import render

LOW_HZ, HIGH_HZ = 1.0, 1e9
"""Slower changes are drift; nothing in the comparator is faster."""


def input_noise_V(bench: Bench, mos: Sequence[Mos], bias_A: float) -> float:  # noqa: N802 (a unit)
    """Standard deviation of the comparator's input, in V: the noise of its output in its own bandwidth over its gain.

    `mos`: comparator (gate is the input), load, and the diode that sets the load's gate. The input voltage is the one
    that a diode of the comparator has at the same current, found by a copy of it, so that the output is not at a rail.
    """
    compare, load, diode = mos
    cards, lines = [], []
    for i, m in enumerate((compare, load, diode)):
        model = bind(m.device, m.w_nm, m.l_nm, bench.where.corner)
        cards.append(model.card(f"model_{i}", body=False))
        nets = {compare: "out in gnd gnd", load: "out bias vdd vdd", diode: "bias bias vdd vdd"}[m]
        lines.append(f"m{m.name} {nets} model_{i}{model.instance()}")
    lines.append(f"i_bias bias gnd {bias_A:.9e}")
    # A slow loop sets the operating point: the output follows the middle, the input has no signal of it above 1 uHz.
    lines += ["e_set set gnd out middle 10", f"v_middle middle gnd {bench.where.supply_V / 2:.6g}"]
    lines += ["l_set set joint 1e12", "c_set joint source 1e6", "v_source source gnd dc 0 ac 1", "r_in joint in 1"]
    deck = render(
        "readout_noise.sp.j2",
        title="noise of a comparator",
        scale_option=SCALE_OPTION,
        temperature=f"{bench.where.temperature_C:.6g}",
        supply=f"{bench.where.supply_V:.9g}",
        cards=cards,
        lines=lines,
        low_Hz=f"{LOW_HZ:g}",
        high_Hz=f"{HIGH_HZ:g}",
    )
    run = run_ngspice(deck, TIMEOUT_S, control=True, what="noise of a comparator")
    try:
        names, values = parse_raw(run.raw)
        output, at_input = (values[:, names.index(n)] for n in ("onoise_spectrum", "inoise_spectrum"))
    except ValueError as error:
        raise ToolError(f"ngspice: noise of a comparator: {error}; {last_error(run.log)}") from None
    gain = np.sqrt(output[0] / at_input[0])  # spectra are V^2/Hz
    return float(np.sqrt(np.trapezoid(output, values[:, 0])) / gain)
