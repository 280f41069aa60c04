"""What bias currents are: over codes, corners, temperatures, supplies and chips, and whether the reference starts."""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.readout.bench import Bench
from somaforge.generator.readout.bias import BITS, OUT_LOW
from somaforge.pdk.errors import InputError, ToolError

RAMP_S, SETTLE_S = 1e-5, 1e-4
"""The supply comes up, and then the reference has that long."""
OUT_V = 0.5
"""A soma's input at some 100 nA: where `out` is held."""
SINK_V = 0.9
"""The gates of p mirrors: where the sinks are held."""


@dataclass(frozen=True)
class Currents:
    """At the end."""

    out_A: float
    low_A: float | None
    """`out_1`; None for a bias that has none."""
    sinks_A: tuple[float, float]
    supply_A: float
    """Out of the supply, everything among it."""
    settled_s: float
    """From the start of the supply's ramp until `out` stays within 1 % of its last value."""


def currents(bench: Bench, code: int, pin_A: float | None = None) -> Currents:
    """Currents for a code of the ratio; `pin_A` is drawn from the pin with the reference off, None takes the reference.

    The supply rises from 0 in RAMP_S, as at power on: nothing is known of the circuit before. InputError for a code out
    of range; ToolError if ngspice fails.
    """
    if not 0 <= code < 2**BITS:
        raise InputError(f"bias: code {code}; the ratio has {BITS} bits: 0 to {2**BITS - 1}")
    supply, low = bench.where.supply_V, OUT_LOW in bench.flat.ports
    ramp = f"pwl(0 0 {RAMP_S:.3e} {supply:.9g})"
    on = pin_A is None
    sources = [
        f"v_on on gnd {ramp if on else '0'}",
        f"v_on_b on_b gnd {'0' if on else ramp}",
        f"v_out out gnd {OUT_V:g}",
        *([f"v_low {OUT_LOW} gnd {OUT_V:g}"] if low else []),
        *(f"v_sink_{k} sink_{k} gnd {SINK_V:g}" for k in (0, 1)),
        *(f"v_bit_{k} bit_b_{k} gnd {'0' if code >> k & 1 else ramp}" for k in range(BITS)),
    ]
    if pin_A is not None:
        sources.append(f"i_pin iref gnd pwl(0 0 {RAMP_S:.3e} {pin_A:.9e})")
    saves = ["i(v_out)", "i(v_sink_0)", "i(v_sink_1)", "i(v_vdd)", *(["i(v_low)"] if low else [])]
    stop = RAMP_S + SETTLE_S
    found = bench.run(f".tran {stop / 300:.3e} {stop:.3e} 0 {stop / 100:.3e}", sources, saves, "bias", supply=ramp)
    out = found["i(v_out)"]
    last = float(out[-1])
    off = np.flatnonzero(np.abs(out - last) > 0.01 * abs(last))
    settled = float(found["time"][min(off[-1] + 1, len(out) - 1)]) if len(off) else 0.0
    if abs(float(found["i(v_vdd)"][-1])) > 1e-3:
        raise ToolError("bias: more than 1 mA out of the supply; a rail is shorted")
    sinks = (-float(found["i(v_sink_0)"][-1]), -float(found["i(v_sink_1)"][-1]))
    smaller = float(found["i(v_low)"][-1]) if low else None
    return Currents(last, smaller, sinks, -float(found["i(v_vdd)"][-1]), settled)
