"""Schematic pictures (SVG) of soma, synapse, output synapse and latch: the netlist's transistors, placed by hand.

Positions are drawn here; devices, sizes and nets come from the circuit. `Sheet` refuses a picture that lacks a device
of the circuit or that joins other nets than the circuit does.
"""

from collections.abc import Callable
from pathlib import Path

from somaforge.generator import names
from somaforge.generator.circuit import Circuit
from somaforge.generator.design import Design
from somaforge.generator.names import LATCH, OUTPUT_SYNAPSE, SOMA, SYNAPSE, node_net
from somaforge.generator.sheet import Fet, Sheet, Side
from somaforge.pdk.files import atomic_write


def _sheet(circuit: Circuit, design: Design) -> Sheet:
    return Sheet(circuit, frozenset(d.name for d in design.pdk.devices if d.polarity == "n"))


def _soma(circuit: Circuit, design: Design) -> Sheet:
    """From left to right: M0 with M1, M2 with M3, M4, dummies."""
    sheet, top = _sheet(circuit, design), 7.0
    m0, m1 = sheet.fet("m0", 1, 0, gate="right"), sheet.fet("m1", 4, 0)
    m2, m3 = sheet.fet("m2", 4, top, gate="right"), sheet.fet("m3", 8.5, top)
    m4 = sheet.fet("m4", 8.5, 0, gate="right")
    for net, diode, copy, line in (("in", m0, m1, 2.0), ("vp", m2, m3, 5.0), ("vn", m4, None, 2.0)):
        x, y = diode.g[0] + 0.6, diode.g[1]
        sheet.wire(net, diode.d, (diode.d[0], line), (x, line), (x, y), diode.g)
        if copy is not None:
            sheet.wire(net, (x, y), copy.g)
    sheet.wire("in", (m0.d[0], 2.0), (-0.4, 2.0), label="in")
    sheet.wire("vp", m1.d, (m1.d[0], 5.0))
    sheet.wire("vp", (m2.g[0] + 0.6, 5.0), (m2.g[0] + 1.1, 5.0), label="vp")
    sheet.wire("vn", m3.d, (m3.d[0], 2.0))
    sheet.wire("vn", (m4.g[0] + 0.6, 2.0), (m4.g[0] + 1.1, 2.0), label="vn")
    for name, y, rail in (("m_dummy_n", 0.0, "gnd"), ("m_dummy_p", top, "vdd")):
        dummy = sheet.fet(name, 14, y)
        _off(sheet, dummy, rail, y)
        sheet.wire(rail, dummy.d, (dummy.d[0] - 1.3, dummy.d[1]), (dummy.d[0] - 1.3, y))
    sheet.wire("gnd", (0, 0), (14.6, 0), label="gnd")
    sheet.wire("vdd", (0, top), (14.6, top), label="vdd")
    return sheet


def _off(sheet: Sheet, dummy: Fet, rail: str, y: float) -> None:
    """The gate of a dummy to its rail."""
    sheet.wire(rail, dummy.g, (dummy.g[0], y))


def _synapse(circuit: Circuit, design: Design) -> Sheet:
    """Sign switches at the left, then the bits from the highest: p mirror over n mirror, switch, latch below."""
    sheet = _sheet(circuit, design)
    gnd, low, dummy_y, middle, out, high, vdd = 0.5, 3.0, 4.95, 5.5, 7.5, 9.6, 12.0
    bits = range(design.spec.array.bits - 1, -1, -1)
    place = {k: 4.5 + 5.2 * i for i, k in enumerate(bits)}
    last = place[0]
    for name, y, rail_y, rail in (
        (names.sign_switch("p"), vdd, high, names.P_SOURCE),
        (names.sign_switch("n"), gnd, low, names.N_SOURCE),
    ):
        sign = sheet.fet(name, 1, y)
        sheet.stub(sign)
        sheet.wire(rail, sign.d, (1, rail_y), (last, rail_y))
        sheet.note(rail, (1.3, rail_y + 0.12))
    for k, x in place.items():
        p, n = sheet.fet(f"mp_{k}", x, high), sheet.fet(f"mn_{k}", x, low)
        sheet.wire(node_net(k), p.d, n.d)
        switch = sheet.fet(names.switch(k), x + 2.3, middle)
        sheet.wire(node_net(k), (x, middle), switch.s)
        sheet.wire("out", switch.d, (switch.d[0], out))
        for fet in (p, n, switch):
            sheet.stub(fet)
    end = last + 5.4
    for name, y, rail in (("m_dummy_p", vdd, "vdd"), ("m_dummy_n", gnd, "gnd")):
        dummy = sheet.fet(name, end, y)
        _off(sheet, dummy, rail, y)
        sheet.wire(node_net(0), dummy.d, (end, dummy_y))
    sheet.wire(node_net(0), (last, dummy_y), (end, dummy_y))
    sheet.wire("out", (place[bits[0]] + 2.3, out), (end + 0.8, out), label="out")
    sheet.wire("gnd", (0, gnd), (end + 0.6, gnd), label="gnd")
    sheet.wire("vdd", (0, vdd), (end + 0.6, vdd), label="vdd")
    xs = {design.spec.array.bits: 1.0, **place}
    for k, x in xs.items():
        if any(call.name == names.latch_path(k) for call in circuit.calls):
            sheet.latch(names.latch_path(k), x, -2.2)
    return sheet


def _latch(circuit: Circuit, design: Design) -> Sheet:
    """Two inverters face to face, the access transistors outside."""
    sheet, vdd, word = _sheet(circuit, design), 7.0, 8.4
    q_y, bar_y = 4.0, 3.0
    halves: tuple[tuple[float, str, str, str, str, Side, float], ...] = (
        (3.0, "m_up", names.DOWN, "q", "qb", "right", 4.4),
        (8.0, "m_up_bar", "m_down_bar", "qb", "q", "left", 6.6),
    )
    for x, up, down, net, other, side, column in halves:
        p, n = sheet.fet(up, x, vdd, gate=side), sheet.fet(down, x, 0, gate=side)
        sheet.wire(net, p.d, n.d)
        sheet.wire(other, p.g, (column, p.g[1]), (column, n.g[1]), n.g)
    sheet.wire("q", (3, q_y), (6.6, q_y))
    sheet.wire("qb", (8, bar_y), (4.4, bar_y))
    sheet.note("q", (3.15, q_y + 0.12))
    sheet.note("qb", (7.5, bar_y + 0.12))
    left, right = (
        sheet.fet(names.access(False), 1.6, q_y, turn="left"),
        sheet.fet(names.access(True), 9.8, bar_y, turn="right"),
    )
    for access, x, net, line in ((left, 3.0, "q", -0.8), (right, 8.0, "qb", 12.2)):
        outer = "bl" if net == "q" else "blb"
        sheet.wire(net, access.s, (x, access.s[1]))
        sheet.wire(outer, access.d, (line, access.d[1]))
        sheet.wire(outer, (line, 0), (line, 7.6), label=outer)
        sheet.wire("wl", access.g, (access.g[0], word))
    sheet.wire("wl", (-1.3, word), (12.7, word), label="wl")
    sheet.wire("vdd", (2.5, vdd), (8.5, vdd), label="vdd")
    sheet.wire("gnd", (2.5, 0), (8.5, 0), label="gnd")
    return sheet


_SHEETS: dict[str, Callable[[Circuit, Design], Sheet]] = {
    SOMA: _soma,
    SYNAPSE: _synapse,
    OUTPUT_SYNAPSE: _synapse,
    LATCH: _latch,
}
CELLS = tuple(_SHEETS)
"""Cells that have a picture."""


def svg(design: Design, cell: str) -> str:
    """The schematic picture of a cell."""
    return _SHEETS[cell](design.library.circuits[design.cell(cell)], design).svg()


def write_schematics(design: Design, folder: Path) -> None:
    """One SVG for each cell into an existing folder."""
    for cell in CELLS:
        atomic_write(folder / f"{cell}.svg", svg(design, cell))
