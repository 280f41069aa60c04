"""Bias: a reference current from a pin or from the chip itself, copied through a programmable ratio.

Programmable mirror (`mirror`): the reference current is drawn out of the pin `iref`, by a resistor to ground or by the
reference beside it, through REFERENCE_UNITS p channels that are diodes. Bit k of the code lets 2^k more of them push
into `out`: I = code / REFERENCE_UNITS of the reference, for the reference row of the array's drivers. With `split`
`out_1` has that over 2^split, for a second row with the lower bits: the same ratio once more goes into 2^split n units,
one beside them draws its part from a p mirror. (Units in series would be fewer: the models give eight of them 1.4
times an eighth.) The reference once more, turned by an n mirror, is drawn by `sink_0` and `sink_1`: the bias of
winner-take-all and converter.

On-chip reference (`reference`), after Oguey and Aebischer (IEEE J. Solid-State Circuits 32, 1997): the gates of one and
of MANY units in weak inversion leave U_T ln MANY over a triode transistor (`m_triode`), whose gate follows the same
current through a twin (`m_strong`). No resistor: the current is a specific current of that transistor times a number,
so it goes with mobility and U_T^2. `m_start` pulls the p gates down until current flows, and `m_kill` ends that.
`on` low (`on_b` high) shuts it off, and `iref` is the pin's alone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from somaforge.generator.block import Block, Role
from somaforge.generator.circuit import Call, Circuit, Library, Mos
from somaforge.generator.names import cell_name
from somaforge.generator.readout.block import RowSpec, row_block, with_margin
from somaforge.generator.readout.parts import Parts, Size
from somaforge.generator.readout.row import Way
from somaforge.pdk import Pdk

REFERENCE, MIRROR, BIAS = "reference", "mirror", "bias"
BITS = 4
"""Of the ratio: codes 1 to 15 are more than a decade."""
REFERENCE_UNITS = 4
MANY = 6
TRIODES = 2
"""Against one twin: with one of each the triode would have to saturate (docs/readout.md)."""
KILLS, FEEDS = 4, 8
"""Units that end the start-up, and transistors in series that begin it: 0.1 uA against four times the reference."""
LOW_UNITS = 2
"""Of the p mirror behind the smaller current."""
OUT, OUT_LOW = "out", "out_1"
"""Currents for the reference rows."""
ROW = RowSpec(
    shared={"iref": Role.BIAS},
    ways={
        REFERENCE: {"on": "up", "on_b": "up"},
        MIRROR: {**{f"bit_b_{k}": "up" for k in range(BITS)}, OUT: "down", "sink_0": "down", "sink_1": "down"},
    },
    roles={
        "on": Role.DIGITAL_INPUT,
        "on_b": Role.DIGITAL_INPUT,
        "bit_b": Role.DIGITAL_INPUT,
        "out": Role.BIAS,
        "sink": Role.BIAS,
    },
)


class BiasSizes(NamedTuple):
    """Channel sizes in nm; by hand (docs/readout.md), for 100 nA."""

    unit_p: Size = Size(2000, 2000)
    unit_n: Size = Size(2000, 2000)
    """In weak inversion: a tenth of its specific current; its threshold spreads by 1.9 mV (law `continuous`), by 2.7 mV
    against its like."""
    low_n: Size = Size(2000, 8000)
    """Of the mirror that divides: long: its drains are 0.9 V apart, and one of 2 um gave 17 % more for that."""
    copy_p: Size = Size(2000, 8000)
    """Of the reference's own mirror: long, for its three drains lie at different voltages."""
    triode: Size = Size(420, 16000)
    start: Size = Size(1000, 500)
    feed_l: int = 8000
    """FEEDS of them in series charge the start-up's node."""
    switch_l: int = 500
    """Of p switches on bias lines: short ones leak, fast and hot, as much as a third of the reference."""
    logic_w: tuple[int, int] = (1000, 2000)


def reference(parts: Parts, name: str, z: BiasSizes) -> Circuit:
    """The on-chip reference; transistors stand in the strips as listed here, from left to right."""
    n, p = parts.switch("n", z.logic_w[0]), Size(z.logic_w[1], z.switch_l)
    end_n, end_p = parts.switch("n", z.unit_n.w), parts.switch("p", z.copy_p.w)
    feed = parts.weak("p", z.feed_l)
    chain = ["vdd", *(f"feed_{k}" for k in range(FEEDS - 1)), "started"]
    mos = (
        parts.n("m_dummy_n_0", "gnd", "gnd", "gnd", end_n),
        parts.n("m_one", "vn", "vn", "gnd", z.unit_n),
        parts.n("m_sink", "iref", "vn", "gnd", z.unit_n),
        *(parts.n(f"m_kill_{k}", "started", "vn", "gnd", z.unit_n) for k in range(KILLS)),
        *(parts.n(f"m_many_{k}", "vp", "vn", "low", z.unit_n) for k in range(MANY)),
        parts.n("m_dummy_n_1", "low", "gnd", "gnd", end_n),
        *(parts.n(f"m_triode_{k}", "low", "vt", "gnd", z.triode) for k in range(TRIODES)),
        parts.n("m_strong", "vt", "vt", "gnd", z.triode),
        parts.n("m_start", "vp", "started", "gnd", z.start),
        parts.n("m_idle", "started", "on_b", "gnd", n),
        parts.p("m_dummy_p_0", "vdd", "vdd", "vdd", end_p),
        parts.p("m_copy_0", "vp", "vp", "vdd", z.copy_p),
        parts.p("m_copy_1", "vn", "vp", "vdd", z.copy_p),
        parts.p("m_copy_2", "vt", "vp", "vdd", z.copy_p),
        parts.p("m_off", "vp", "on", "vdd", p),
        *(parts.p(f"m_feed_{k}", chain[k + 1], "on_b", chain[k], feed) for k in range(FEEDS)),
    )
    return Circuit(name, ("on", "on_b", *ROW.shared, "vdd", "gnd"), mos)


def _low_p(parts: Parts, z: BiasSizes) -> list[Mos]:
    """The ratio once more into `sum`, and the mirror that turns what is left of it back, as they stand in the strip."""
    switch, end = Size(z.logic_w[1], z.switch_l), parts.switch("p", z.unit_p.w)
    found = [parts.p(f"m_low_switch_{k}", "sum", f"bit_b_{k}", f"low_{k}", switch) for k in range(BITS)]
    found.append(parts.p("m_dummy_p_2", f"low_{BITS - 1}", "vdd", "vdd", end))
    for bit in reversed(range(BITS)):
        found += [parts.p(f"m_low_{bit}_{k}", f"low_{bit}", "iref", "vdd", z.unit_p) for k in range(2**bit)]
    found += [parts.p(f"m_low_back_{k}", "back", "back", "vdd", z.unit_p) for k in range(LOW_UNITS)]
    found += [parts.p(f"m_low_out_{k}", OUT_LOW, "back", "vdd", z.unit_p) for k in range(LOW_UNITS)]
    return [*found, parts.p("m_dummy_p_3", OUT_LOW, "vdd", "vdd", z.unit_p)]


def _low_n(parts: Parts, z: BiasSizes, split: int) -> list[Mos]:
    """2^split diodes of `sum` against one unit. Its dummy is long: a short one leaks, fast and hot, as much as twice
    the current."""
    found = [parts.n(f"m_low_sum_{k}", "sum", "sum", "gnd", z.low_n) for k in range(2**split)]
    found.append(parts.n("m_low_part", "back", "sum", "gnd", z.low_n))
    return [*found, parts.n("m_dummy_n_2", "back", "gnd", "gnd", z.unit_n)]


def mirror(parts: Parts, name: str, z: BiasSizes, split: int = 0) -> Circuit:
    """The programmable mirror; bits are active low."""
    p = Size(z.logic_w[1], z.switch_l)
    end_n, end_p = parts.switch("n", z.unit_n.w), parts.switch("p", z.unit_p.w)
    units = [parts.p(f"m_reference_{k}", "iref", "iref", "vdd", z.unit_p) for k in range(REFERENCE_UNITS)]
    units += [parts.p(f"m_feed_{k}", "turn", "iref", "vdd", z.unit_p) for k in range(REFERENCE_UNITS)]
    for bit in reversed(range(BITS)):
        units += [parts.p(f"m_bit_{bit}_{k}", f"node_{bit}", "iref", "vdd", z.unit_p) for k in range(2**bit)]
    mos = (
        parts.n("m_dummy_n_0", "gnd", "gnd", "gnd", end_n),
        parts.n("m_turn", "turn", "turn", "gnd", z.unit_n),
        parts.n("m_sink_0", "sink_0", "turn", "gnd", z.unit_n),
        parts.n("m_sink_1", "sink_1", "turn", "gnd", z.unit_n),
        parts.n("m_dummy_n_1", "sink_1", "gnd", "gnd", end_n),
        *(_low_n(parts, z, split) if split else ()),
        parts.p("m_dummy_p_0", "vdd", "vdd", "vdd", end_p),
        *units,
        parts.p("m_dummy_p_1", "node_0", "vdd", "vdd", end_p),
        *(parts.p(f"m_switch_{k}", OUT, f"bit_b_{k}", f"node_{k}", p) for k in range(BITS)),
        *(_low_p(parts, z) if split else ()),
    )
    bits = tuple(f"bit_b_{k}" for k in range(BITS))
    outs = (OUT, OUT_LOW) if split else (OUT,)
    return Circuit(name, (*outs, "sink_0", "sink_1", *bits, *ROW.shared, "vdd", "gnd"), mos)


def bias(pdk: Pdk, design: str, sizes: BiasSizes | None = None, split: int = 0) -> Library:
    """The block: reference and mirror side by side.

    Ports: iref (the pin), on, on_b, bit_b_0 ... (active low), out, with `split` out_1, sink_0, sink_1, vdd, gnd.
    """
    parts, z = Parts(pdk), sizes or BiasSizes()
    cells = reference(parts, cell_name(design, REFERENCE), z), mirror(parts, cell_name(design, MIRROR), z, split)
    calls = tuple(Call(f"x_{k}", c.name, c.ports) for k, c in zip((REFERENCE, MIRROR), cells, strict=True))
    ports = tuple(dict.fromkeys(net for c in cells for net in c.ports if net not in ("vdd", "gnd")))
    whole = Circuit(cell_name(design, BIAS), (*ports, "vdd", "gnd"), (), calls)
    return with_margin(pdk, Library({c.name: c for c in (*cells, whole)}, whole.name))


def bias_block(pdk: Pdk, library: Library, design: str) -> Block:
    """The block as a row of two cells: codes and switches come in above, currents leave below."""
    low = OUT_LOW in library.circuits[library.top].ports
    more: dict[str, Way] = {OUT_LOW: "down"} if low else {}
    ways: Mapping[str, Mapping[str, Way]] = {**ROW.ways, MIRROR: {**ROW.ways[MIRROR], **more}}
    return row_block(pdk, library, design, replace(ROW, ways=ways))
