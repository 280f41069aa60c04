"""DSPF (detailed standard parasitic format): every net with its nodes, R and C, for static tools and other simulators.

Written for readers of DSPF 1.x: net by net, `*|NET` with its total capacitance, `*|P` for pins of the cell, `*|I` for
transistor terminals, `*|S` for inner nodes, then elements. A coupling stands in the section of the first of its two
nets. All of it is SPICE, so that a simulator reads the file as a subcircuit as well.
"""

from collections.abc import Iterable
from pathlib import Path

from somaforge.flow.pex.annotate import turned
from somaforge.flow.pex.elements import element_line
from somaforge.flow.pex.extractor import Parasitics
from somaforge.generator.circuit import Capacitor, FlatNetlist, Resistor
from somaforge.generator.names import whole
from somaforge.pdk.files import atomic_write

_SMALLEST_OHM = 0.001
"""Joins a terminal's node to the wire where nothing is known to lie between: the format wants them apart."""


def dspf_text(flat: FlatNetlist, parasitics: Parasitics) -> str:
    """`flat` (from `annotate`) with the contacts, vias and stubs between each transistor and the wires of its cell."""
    ground = parasitics.ground
    ohm = _terminal_ohm(flat, parasitics)
    total: dict[str, float] = {}
    c_of: dict[str, list[Capacitor]] = {}
    r_of: dict[str, list[Resistor]] = {}
    terminals: dict[str, list[tuple[str, str, str]]] = {}
    nodes: dict[str, dict[str, None]] = {}
    for c in flat.capacitors:
        a, b = whole(c.a), whole(c.b)
        home = b if a == ground else a
        c_of.setdefault(home, []).append(c)
        for node in (c.a, c.b):
            total[whole(node)] = total.get(whole(node), 0.0) + c.farad
            nodes.setdefault(whole(node), {})[node] = None
    for r in flat.resistors:
        r_of.setdefault(whole(r.a), []).append(r)
        for node in (r.a, r.b):
            nodes.setdefault(whole(node), {})[node] = None
    for m in flat.mos:
        for pin, node in (("D", m.d), ("G", m.g), ("S", m.s), ("B", m.b)):
            terminals.setdefault(whole(node), []).append((m.name, pin, node))
            nodes.setdefault(whole(node), {})[node] = None
    for e in flat.elements:
        for node in e.nets:
            nodes.setdefault(whole(node), {})[node] = None
    ports = set(flat.ports)
    for port in flat.ports:
        nodes.setdefault(whole(port), {})[port] = None
    lines = ["*|DSPF 1.5", f'*|DESIGN "{flat.name}"', "*|DIVIDER .", "*|DELIMITER :", f"*|GROUND_NET {ground}"]
    lines += _wrapped(f".SUBCKT {flat.name}", flat.ports)
    for net in sorted(nodes):
        lines.append(f"*|NET {net} {total.get(net, 0.0):.6g}")
        lines += [f"*|P ({net} B 0)"] if net in ports else []
        lines += [f"*|I (X{m}:{pin} X{m} {pin} B 0)" for m, pin, _ in terminals.get(net, [])]
        lines += [f"*|S ({node})" for node in nodes[net] if node != net]
        lines += [f"C{c.name} {c.a} {c.b} {c.farad:.6g}" for c in c_of.get(net, [])]
        lines += [f"R{r.name} {r.a} {r.b} {r.ohm:.6g}" for r in r_of.get(net, [])]
        lines += [f"Rt_{m}:{pin} {node} X{m}:{pin} {ohm[m, pin]:.6g}" for m, pin, node in terminals.get(net, [])]
    lines.append("* transistors")
    lines += [f"X{m.name} {m.d} {m.g} {m.s} {m.b} {m.device} w={m.w_nm / 1000:g} l={m.l_nm / 1000:g}" for m in flat.mos]
    lines += [element_line(e) for e in flat.elements]
    lines.append(".ENDS")
    return "\n".join(lines) + "\n"


def _terminal_ohm(flat: FlatNetlist, parasitics: Parasitics) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for m in flat.mos:
        values = dict(zip("DGSB", parasitics.terminal_ohm[m.name], strict=True))
        if turned(m, parasitics):
            values["D"], values["S"] = values["S"], values["D"]
        found |= {(m.name, pin): max(value, _SMALLEST_OHM) for pin, value in values.items()}
    return found


def write_dspf(flat: FlatNetlist, path: Path, parasitics: Parasitics) -> None:
    """Write `flat` as DSPF, whole or not at all (see `dspf_text`)."""
    atomic_write(path, dspf_text(flat, parasitics))


def _wrapped(head: str, words: Iterable[str], per_line: int = 12) -> list[str]:
    listed = list(words)
    rows = [listed[k : k + per_line] for k in range(0, max(len(listed), 1), per_line)]
    return [" ".join((head if k == 0 else "+", *row)) for k, row in enumerate(rows)]
