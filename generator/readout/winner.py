"""Winner-take-all over N output currents: every current charges a capacitor of its own, the first full one wins.

The array's output columns push current out. A common-gate p channel (`m_cascode`, gate low) takes it at 0.35 to 0.82
V, into which the array's output switch can still push it (docs/readout.md), whatever the wire's capacitance is; no
current is copied, no mirror adds an error. The current charges a capacitor from ground; a common-source n channel
with a current-source load compares it with the voltage at which it carries the bias current. That is a race of
charges, I t = Q: an error of the threshold counts against the swing of 0.44 V and not, as in a circuit that compares
gate voltages of currents, against n U_T = 36 mV.

States, all levels rail to rail:
- `reset` high (`reset_b` low): capacitors empty, every `win_i` low, `valid` low.
- race (`reset` low): `valid` is low until a capacitor is full: undecided, for as long as all currents are too small.
- decided: the first racer's `win_i` is high, the wire `stop` keeps the others out, `valid` rises. It stays until reset.
- tie: two racers that fill up within the time that `stop` takes (about a nanosecond, 1e-4 of the race) are both high
  and `valid` stays low. The wire `sum` counts: every winner pushes one unit of current into it and one and a half are
  pulled out, from the time of `stop` on; until then, and with two winners, it is high.

`select_i` high (`select_b_i` low) steers current i onto the wire `bus` instead, to a converter or a monitor, and the
racer takes no part.
`win_i` is one-hot when `valid` is high; `valid` low with `stop` high means tie.
"""

from typing import NamedTuple

from somaforge.generator.block import Block, Role
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.names import cell_name
from somaforge.generator.readout.block import RowSpec, row_block, with_margin
from somaforge.generator.readout.parts import POLARITIES, Parts, Size
from somaforge.pdk import Pdk
from somaforge.pdk.base import Flavour
from somaforge.pdk.errors import InputError

RACER, REFEREE, WINNER = "racer", "referee", "winner"
SMALLEST, LARGEST = 2, 16
"""Currents that are compared."""

ROW = RowSpec(
    shared={
        "bias": Role.BIAS,
        "reset": Role.DIGITAL_INPUT,
        "reset_b": Role.DIGITAL_INPUT,
        "stop": Role.DIGITAL_OUTPUT,
        "sum": Role.MONITOR,
        "bus": Role.ANALOG_OUTPUT,
    },
    ways={
        RACER: {"in": "up", "select": "up", "select_b": "up", "win": "down"},
        REFEREE: {"valid": "down"},
    },
    roles={
        "in": Role.ANALOG_INPUT,
        "select": Role.DIGITAL_INPUT,
        "select_b": Role.DIGITAL_INPUT,
        "win": Role.DIGITAL_OUTPUT,
        "valid": Role.DIGITAL_OUTPUT,
    },
)
SHARED = tuple(ROW.shared)
"""Wires along all racers."""
OF_REFEREE = ("bias", "reset", "stop", "sum")
"""Those that go on into the referee."""


class WinnerSizes(NamedTuple):
    """Channel sizes in nm. By hand, for 99 % right winners at a difference of 3 % (docs/readout.md): a racer's charge
    may spread by ln 1.03 / (2.33 sqrt 2) = 0.9 %, 4.0 mV of 0.44 V; comparator and load of 8 and 10 um2 give 2.3 mV.
    """

    cascode: Size = Size(2000, 2000)
    flavour: Flavour = "lvt"
    """Of common gate and comparator: the array's node must stay low (docs/readout.md)."""
    capacitor: Size = Size(2000, 2500)
    compare: Size = Size(2000, 4000)
    load: Size = Size(2000, 5000)
    unit: Size = Size(2000, 2000)
    """Of the current that counts winners."""
    sink: Size = Size(1000, 2000)
    empty: Size = Size(1000, 500)
    """Empties the capacitor; longer than the shortest, because its leakage is lost charge."""
    logic_w: tuple[int, int] = (1000, 2000)
    """Width of n and p switches."""
    hold_l: int = 4000
    """Length of keepers: weaker than every switch that works against them."""
    slow_l: int = 2000
    """Length in the gate that sees `sum`, which moves slowly: short channels would take 50 uA meanwhile."""


def racer(parts: Parts, name: str, z: WinnerSizes) -> Circuit:
    """One current's cell; transistors stand in the strips as listed here, from left to right."""
    n, p = (parts.switch(kind, w) for kind, w in zip(POLARITIES, z.logic_w, strict=True))
    end_n, end_p = parts.switch("n", z.compare.w), parts.switch("p", z.load.w)
    hold_n, hold_p = (parts.weak(kind, z.hold_l) for kind in POLARITIES)
    mos = (
        parts.n("m_dummy_n_0", "gnd", "gnd", "gnd", end_n, z.flavour),
        parts.n("m_compare", "a", "int", "gnd", z.compare, z.flavour),
        parts.n("m_dummy_n_1", "a", "gnd", "gnd", end_n, z.flavour),
        parts.n("m_empty", "int", "reset", "gnd", z.empty),
        parts.n("m_clear", "w", "reset", "gnd", n),
        parts.n("m_invert_n", "w_b", "w", "gnd", n),
        parts.n("m_out_n", "win", "w_b", "gnd", n),
        parts.n("m_low", "w", "w_b", "gnd", hold_n),
        parts.p("m_steer", "bus", "select_b", "in", z.cascode, z.flavour),
        parts.p("m_cascode", "int", "select", "in", z.cascode, z.flavour),
        parts.p("m_dummy_p_0", "vdd", "vdd", "vdd", end_p),
        parts.p("m_capacitor", "vdd", "int", "vdd", z.capacitor),
        parts.p("m_load", "a", "bias", "vdd", z.load),
        parts.p("m_full", "a", "reset_b", "vdd", p),
        parts.p("m_fire", "fire", "a", "vdd", p),
        parts.p("m_race", "w", "stop", "fire", p),
        parts.p("m_self", "w", "w_b", "fire", p),
        parts.p("m_stop", "stop", "w_b", "vdd", p),
        parts.p("m_invert_p", "w_b", "w", "vdd", p),
        parts.p("m_out_p", "win", "w_b", "vdd", p),
        parts.p("m_unit", "unit", "bias", "vdd", z.unit),
        parts.p("m_count", "sum", "w_b", "unit", p),
        parts.p("m_high", "w", "w_b", "vdd", hold_p),
    )
    return Circuit(name, ("in", "win", "select", "select_b", *SHARED, "vdd", "gnd"), mos)


def referee(parts: Parts, name: str, z: WinnerSizes) -> Circuit:
    """The cell beside the last racer: bias, the wire `stop`, and the count of winners."""
    n, p = (parts.switch(kind, w) for kind, w in zip(POLARITIES, z.logic_w, strict=True))
    hold, slow_n = parts.weak("n", z.hold_l), parts.weak("n", z.slow_l)
    slow_p = Size(2 * slow_n.w, z.slow_l)
    mos = (
        parts.n("m_sink_0", "twice", "twice", "gnd", z.sink),
        parts.n("m_sink_1", "twice", "twice", "gnd", z.sink),
        parts.n("m_pull", "pull", "twice", "gnd", z.sink),
        parts.n("m_pull_on", "sum", "stop", "pull", n),
        parts.n("m_stop_low", "stop", "reset", "gnd", n),
        parts.n("m_stop_n", "stop_b", "stop", "gnd", n),
        parts.n("m_stop_hold", "stop", "stop_b", "gnd", hold),
        parts.n("m_nor_n_0", "one", "stop_b", "gnd", slow_n),
        parts.n("m_nor_n_1", "one", "sum", "gnd", slow_n),
        parts.n("m_one_n", "one_b", "one", "gnd", n),
        parts.n("m_valid_n", "valid", "one_b", "gnd", n),
        parts.p("m_bias", "bias", "bias", "vdd", z.load),
        parts.p("m_unit_0", "three", "bias", "vdd", z.unit),
        parts.p("m_unit_1", "three", "bias", "vdd", z.unit),
        parts.p("m_unit_2", "three", "bias", "vdd", z.unit),
        parts.p("m_three", "twice", "stop_b", "three", p),
        parts.p("m_sum_high", "sum", "stop", "vdd", p),
        parts.p("m_stop_p", "stop_b", "stop", "vdd", p),
        parts.p("m_nor_p_0", "nor", "stop_b", "vdd", slow_p),
        parts.p("m_nor_p_1", "one", "sum", "nor", slow_p),
        parts.p("m_one_p", "one_b", "one", "vdd", p),
        parts.p("m_valid_p", "valid", "one_b", "vdd", p),
    )
    return Circuit(name, ("valid", *OF_REFEREE, "vdd", "gnd"), mos)


def winner_take_all(pdk: Pdk, design: str, count: int, sizes: WinnerSizes | None = None) -> Library:
    """The whole block for `count` currents; InputError for a count that it is not made for.

    Ports: in_0 ..., win_0 ..., select_0 ..., select_b_0 ..., valid, bias (its current is drawn out), reset, reset_b,
    stop, bus, vdd, gnd.
    """
    if not SMALLEST <= count <= LARGEST:
        raise InputError(f"winner-take-all: {count} currents; it compares {SMALLEST} to {LARGEST}")
    parts, z = Parts(pdk), sizes or WinnerSizes()
    cells = racer(parts, cell_name(design, RACER), z), referee(parts, cell_name(design, REFEREE), z)
    own = ("in", "win", "select", "select_b")
    calls = [
        Call(f"x_racer_{i}", cells[0].name, (*(f"{net}_{i}" for net in own), *SHARED, "vdd", "gnd"))
        for i in range(count)
    ]
    calls.append(Call("x_referee", cells[1].name, cells[1].ports))
    ends = (*(f"{net}_{i}" for net in own for i in range(count)), "valid")
    leaving = tuple(net for net in SHARED if net != "sum")
    whole = Circuit(cell_name(design, WINNER), (*ends, *leaving, "vdd", "gnd"), (), tuple(calls))
    return with_margin(pdk, Library({c.name: c for c in (*cells, whole)}, whole.name))


def winner_block(pdk: Pdk, library: Library, design: str) -> Block:
    """The block as a row of racers with the referee at its right end: currents come in above, winners leave below."""
    return row_block(pdk, library, design, ROW)
