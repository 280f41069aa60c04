"""What a current-to-frequency converter makes of a current, on ngspice: periods, noise, leakage; and it as a meter."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from somaforge.flow.readout.bench import Bench, crossings
from somaforge.flow.readout.noise import input_noise_V
from somaforge.generator.spec.tester import Meter
from somaforge.pdk.errors import InputError, ToolError

SMALLEST_A, LARGEST_A = 10e-12, 1e-6
CHARGE_C = 250e-15
"""At most what a pulse takes at the smallest currents: sets how long is simulated."""
START_S = 1e-8
ELECTRON_C = 1.602e-19


@dataclass(frozen=True)
class Conditions:
    """What stands around the block."""

    bias_A: float = 100e-9
    wire_F: float = 50e-15
    """From the input to ground, beyond the block."""


@dataclass(frozen=True)
class Pulse:
    """Of one input current at rest."""

    current_A: float
    period_s: float
    width_s: float
    supply_A: float
    """Mean current out of the supply over a period, input and bias current among it."""

    @property
    def charge_C(self) -> float:  # noqa: N802 (a unit)
        """What the input delivers in a period."""
        return self.period_s * self.current_A


def pulse(bench: Bench, current_A: float, around: Conditions | None = None) -> Pulse:
    """Period and width after the first pulse. InputError for a current out of range; ToolError if none comes."""
    if not SMALLEST_A <= current_A <= LARGEST_A:
        raise InputError(f"converter: {current_A:.3g} A; it takes {SMALLEST_A:.0e} to {LARGEST_A:.0e} A")
    conditions = around or Conditions()
    stop = START_S + 2.6 * (CHARGE_C / current_A + 150e-9)
    sources = [
        f"i_in vdd in pwl(0 0 {START_S:.3e} 0 {1.1 * START_S:.3e} {current_A:.9e})",
        f"c_in in gnd {conditions.wire_F:.6e}",
        f"i_bias bias gnd {conditions.bias_A:.9e}",
        *_probe(bench),
    ]
    found = bench.run(
        f".tran {stop / 400:.6e} {stop:.9e} 0 {stop / 100:.6e}", sources, ["v(pulse)", "i(v_vdd)"], "pulse"
    )
    time, half = found["time"], bench.where.supply_V / 2
    up, down = (crossings(time, found["v(pulse)"], half, rising=rising) for rising in (True, False))
    if len(up) < 2 or len(down) < 2:
        raise ToolError(f"converter: {len(up)} pulses in {stop:.3g} s at {current_A:.3g} A; it does not start")
    inside = (time >= up[-2]) & (time <= up[-1])
    used = float(np.trapezoid(-found["i(v_vdd)"][inside], time[inside]))
    period = float(up[-1] - up[-2])
    return Pulse(current_A, period, float(down[1] - up[1]), used / period)


def _probe(bench: Bench) -> list[str]:
    """The monitor is off, and its pin held at ground."""
    return ["v_probe probe gnd 0", f"v_probe_b probe_b gnd {bench.where.supply_V:.9g}", "v_monitor monitor gnd 0"]


def monitored_A(bench: Bench, current_A: float) -> float:  # noqa: N802 (a unit)
    """What of an input current arrives at the pin `monitor`, held at ground, when the monitor is on."""
    supply = f"{bench.where.supply_V:.9g}"
    sources = [f"v_probe probe gnd {supply}", "v_probe_b probe_b gnd 0", "i_bias bias gnd 100n"]
    sources += ["v_monitor monitor gnd 0", f"i_in vdd in {current_A:.9e}"]
    analysis = f".dc i_in {current_A:.9e} {1.001 * current_A:.9e} {current_A / 1000:.9e}"
    return float(bench.run(analysis, sources, ["i(v_monitor)"], "monitor", gmin=1e-18)["i(v_monitor)"][0])


ROOT = 0.25
"""The charge is smooth over this power of the current: it grows with the root of it where the comparator is late."""


@dataclass(frozen=True, eq=False)
class Scale:
    """From period to current, by the charges that a few known currents have: a spline between them."""

    known: tuple[Pulse, ...]
    """By current, ascending; at least four, no more than a decade apart."""

    @cached_property
    def _charge(self) -> CubicSpline:
        return CubicSpline([p.current_A**ROOT for p in self.known], [p.charge_C for p in self.known])

    def current_A(self, period_s: float) -> float:  # noqa: N802 (a unit)
        """The current that has that period; InputError beyond the known ones."""

        def over(root: float) -> float:
            return float(self._charge(root) / root ** (1 / ROOT) / period_s - 1)

        ends = [p.current_A**ROOT for p in (self.known[0], self.known[-1])]
        values = [over(x) for x in ends]
        for x, value in zip(ends, values, strict=True):
            if abs(value) < 1e-9:
                return float(x ** (1 / ROOT))
        if values[0] * values[1] > 0:
            raise InputError(f"converter: a period of {period_s:.3g} s is not between those of the known currents")
        return float(brentq(over, *ends, xtol=1e-14, rtol=1e-12) ** (1 / ROOT))

    def error(self, found: Pulse) -> float:
        """Relative, of a pulse whose current is known."""
        return self.current_A(found.period_s) / found.current_A - 1


def leakage_A(bench: Bench, held_V: float = 0.3) -> float:  # noqa: N802 (a unit)
    """Current lost at the capacitor's node at a voltage: the switch that empties it and junctions. The input is held at
    the same voltage, as the array would: through the common gate nothing flows."""
    node = next(m.d for m in bench.flat.mos if m.name.endswith("m_empty"))
    sources = [f"v_held {node} gnd {held_V:.6g}", f"v_in in gnd {held_V:.6g}", "i_bias bias gnd 100n"]
    sources += _probe(bench)
    analysis = f".dc v_held {held_V:.6g} {1.001 * held_V:.6g} {held_V / 1000:.6g}"
    # gmin at every junction would be as much as what is measured: 1.8 V x 1e-15 S
    found = bench.run(analysis, sources, ["i(v_held)"], "leakage", gmin=1e-18)
    return float(-found["i(v_held)"][0])


def idle_A(bench: Bench, around: Conditions | None = None) -> float:  # noqa: N802 (a unit)
    """Current out of the supply while nothing flows into it, the bias among it."""
    node = next(m.d for m in bench.flat.mos if m.name.endswith("m_empty"))
    bias = (around or Conditions()).bias_A
    sources = [f"v_held {node} gnd 0", "v_in in gnd 0", f"i_bias bias gnd {bias:.9e}", *_probe(bench)]
    found = bench.run(f".dc i_bias {bias:.9e} {1.001 * bias:.9e} {bias / 1000:.9e}", sources, ["i(v_vdd)"], "idle")
    return float(-found["i(v_vdd)"][0])


@dataclass(frozen=True)
class Noise:
    """Of one pulse: standard deviation of its charge over the charge."""

    comparator: float
    reset: float
    """kT/C."""
    shot: float
    """Of the input current itself, which any meter sees."""

    @property
    def own(self) -> float:
        """Without the input's."""
        return float(np.hypot(self.comparator, self.reset))


def noise(bench: Bench, found: Pulse, capacitance_F: float, around: Conditions | None = None) -> Noise:
    """Noise of a pulse; `capacitance_F` is that of the capacitor, all transistors and wires at its node."""
    bias = (around or Conditions()).bias_A
    thermal = 1.380649e-23 * (bench.where.temperature_C + 273.15)
    charge = found.charge_C
    names = {m.name.rsplit(".", 1)[-1]: m for m in bench.flat.mos}
    chosen = tuple(replace(names[n], name=n) for n in ("m_compare", "m_load", "m_bias"))
    volts = input_noise_V(bench, chosen, bias)
    return Noise(
        comparator=volts * capacitance_F / charge,
        reset=float(np.sqrt(thermal * capacitance_F)) / charge,
        shot=float(np.sqrt(ELECTRON_C / charge)),
    )


def meter(
    charge_C: float, own_noise: float, residual: float, lost_A: float, smallest_A: float, reading_s: float
) -> Meter:
    """The converter with a counter as `characterization.tester` of a spec describes a meter.

    `charge_C` of a pulse, `own_noise` of one pulse (relative; many have less), `residual` relative error that the
    scale leaves, `lost_A` by leakage, `smallest_A` a current that has a whole pulse behind it before a reading begins,
    `reading_s` of one current. A count is off by the parts of a pulse at both ends, each of them uniform: 1/sqrt(6) of
    a pulse. The tester also rounds to `resolution_A`, which is half of that variance again: 22 % more noise than a
    counter has.
    """
    step = charge_C / reading_s
    return Meter(
        noise_A=step / np.sqrt(6),
        noise_ratio=float(np.hypot(own_noise, residual)),
        resolution_A=step,
        pad_leakage_A=abs(lost_A),
        settling_s=charge_C / smallest_A,
        reading_s=reading_s,
    )
