"""Current-to-frequency converter: a current fills a capacitor, a pulse says so and empties it, and again.

The same common gate, capacitor and comparator as in a racer of the winner-take-all, here with a reset of its own: when
the comparator's output `a` has fallen, a Schmitt trigger (`m_set`, `m_clear` and a pair of inverters that hold) makes
`pulse` high, which empties the capacitor and pulls `a` up again. The trigger keeps the loop from resting half open:
without it, or with the switch at a node that moves before it does, capacitor, comparator and switch are an amplifier
with feedback that settles where the switch takes just the current. Pulses are rail to rail; their rate is
I / (Q + I t) with the charge Q of the capacitor and the time t that comparator and reset take (t grows towards small
currents, where the comparator is slow; docs/readout.md). The wire at the input does not matter for Q: the common gate
holds it.

`probe` high (`probe_b` low) is the monitor: the current leaves at the pin `monitor` through a common gate of the same
kind instead, where a meter holds it near ground, and no pulses are made.
"""

from typing import NamedTuple

from somaforge.generator.block import Block, Role
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.names import cell_name
from somaforge.generator.readout.block import RowSpec, row_block, with_margin
from somaforge.generator.readout.parts import POLARITIES, Parts, Size
from somaforge.pdk import Pdk
from somaforge.pdk.base import Flavour

INTEGRATOR, CONVERTER = "integrator", "converter"
ROW = RowSpec(
    shared={"bias": Role.BIAS},
    ways={INTEGRATOR: {"in": "up", "probe": "up", "probe_b": "up", "pulse": "down", "monitor": "down"}},
    roles={
        "in": Role.ANALOG_INPUT,
        "probe": Role.DIGITAL_INPUT,
        "probe_b": Role.DIGITAL_INPUT,
        "pulse": Role.DIGITAL_OUTPUT,
        "monitor": Role.MONITOR,
    },
)


class ConverterSizes(NamedTuple):
    """Channel sizes in nm."""

    cascode: Size = Size(2000, 2000)
    flavour: Flavour = "lvt"
    """Of common gate and comparator: the array's node must stay low (docs/readout.md)."""
    capacitor: Size = Size(2000, 5000)
    capacitors: int = 4
    """In parallel: the reset's time is a smaller part of the period."""
    compare: Size = Size(2000, 4000)
    load: Size = Size(2000, 5000)
    empty: Size = Size(1000, 500)
    """Empties the capacitor; longer than the shortest, because its leakage is lost current."""
    restore_l: int = 8000
    """Of what pulls `a` up: slow enough that the capacitor is empty before."""
    trigger_l: int = 2000
    """Of the trigger's input, which sees a slow edge: short channels would take 50 uA meanwhile."""
    hold_l: int = 4000
    """Of what makes the trigger a trigger."""
    logic_w: tuple[int, int] = (1000, 2000)


def integrator(parts: Parts, name: str, z: ConverterSizes) -> Circuit:
    """The converter's cell; transistors stand in the strips as listed here, from left to right."""
    n, p = (parts.switch(kind, w) for kind, w in zip(POLARITIES, z.logic_w, strict=True))
    end_n, end_p = parts.switch("n", z.compare.w), parts.switch("p", z.load.w)
    trigger_n, trigger_p = parts.weak("n", z.trigger_l), Size(z.logic_w[1], z.trigger_l)
    hold_n, hold_p = (parts.weak(kind, z.hold_l) for kind in POLARITIES)
    mos = (
        parts.n("m_dummy_n_0", "gnd", "gnd", "gnd", end_n, z.flavour),
        parts.n("m_compare", "a", "int", "gnd", z.compare, z.flavour),
        parts.n("m_dummy_n_1", "a", "gnd", "gnd", end_n, z.flavour),
        parts.n("m_empty", "int", "pulse", "gnd", z.empty),
        parts.n("m_clear", "w", "a", "gnd", trigger_n),
        parts.n("m_low", "w", "w_b", "gnd", hold_n),
        parts.n("m_invert_n", "w_b", "w", "gnd", n),
        parts.n("m_pulse_n", "pulse", "w_b", "gnd", n),
        parts.p("m_probe", "monitor", "probe_b", "in", z.cascode, z.flavour),
        parts.p("m_cascode", "int", "probe", "in", z.cascode, z.flavour),
        parts.p("m_dummy_p_0", "vdd", "vdd", "vdd", end_p),
        *(parts.p(f"m_capacitor_{k}", "vdd", "int", "vdd", z.capacitor) for k in range(z.capacitors)),
        parts.p("m_load", "a", "bias", "vdd", z.load),
        parts.p("m_dummy_p_1", "a", "vdd", "vdd", end_p),
        parts.p("m_bias", "bias", "bias", "vdd", z.load),
        parts.p("m_dummy_p_2", "bias", "vdd", "vdd", end_p),
        parts.p("m_invert_p", "w_b", "w", "vdd", p),
        parts.p("m_pulse_p", "pulse", "w_b", "vdd", p),
        parts.p("m_restore", "a", "w_b", "vdd", parts.weak("p", z.restore_l)),
        parts.p("m_set", "w", "a", "vdd", trigger_p),
        parts.p("m_high", "w", "w_b", "vdd", hold_p),
    )
    return Circuit(name, ("in", "probe", "probe_b", "pulse", "monitor", *ROW.shared, "vdd", "gnd"), mos)


def converter(pdk: Pdk, design: str, sizes: ConverterSizes | None = None) -> Library:
    """The block. Ports: in (takes the current), probe, probe_b, pulse, monitor, bias (its current is drawn out), vdd,
    gnd."""
    cell = integrator(Parts(pdk), cell_name(design, INTEGRATOR), sizes or ConverterSizes())
    whole = Circuit(cell_name(design, CONVERTER), cell.ports, (), (Call("x_integrator", cell.name, cell.ports),))
    return with_margin(pdk, Library({c.name: c for c in (cell, whole)}, whole.name))


def converter_block(pdk: Pdk, library: Library, design: str) -> Block:
    """The block as one cell: the current comes in above, pulses and the monitored current leave below."""
    return row_block(pdk, library, design, ROW)
