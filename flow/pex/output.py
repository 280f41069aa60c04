"""Writers: post-layout SPICE, the table of totals per net, and JSON that later steps read back."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from somaforge.flow.pex.annotate import annotate
from somaforge.flow.pex.dspf import write_dspf
from somaforge.flow.pex.elements import element_line
from somaforge.flow.pex.extractor import Parasitics, extract
from somaforge.generator.circuit import Capacitor, FlatNetlist, Junctions, Mos, Resistor
from somaforge.pdk.base import Pdk
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write

_PER_LINE = 12
GROUND = "gnd"
"""The substrate's net in our designs."""


def spice_text(flat: FlatNetlist) -> str:
    """One flat subcircuit: X lines with the foundry's device names (w and l in um), C in farad, R in ohm.

    Transistors that know their drawn junctions have them (ad, as in um2, pd, ps in um).
    """
    others = f"{len(flat.elements)} other devices, " if flat.elements else ""
    counts = f"{others}{len(flat.capacitors)} C, {len(flat.resistors)} R"
    lines = [f"* {flat.name}: {len(flat.mos)} transistors, {counts}"]
    for k in range(0, max(len(flat.ports), 1), _PER_LINE):
        head = f".subckt {flat.name} " if k == 0 else "+ "
        lines.append(head + " ".join(flat.ports[k : k + _PER_LINE]))
    lines += [
        f"X{m.name} {m.d} {m.g} {m.s} {m.b} {m.device} w={m.w_nm / 1000:g} l={m.l_nm / 1000:g}{_drawn(m)}"
        for m in flat.mos
    ]
    lines += [element_line(e) for e in flat.elements]
    lines += [f"C{c.name} {c.a} {c.b} {c.farad:.6g}" for c in flat.capacitors]
    lines += [f"R{r.name} {r.a} {r.b} {r.ohm:.6g}" for r in flat.resistors]
    lines.append(f".ends {flat.name}")
    return "\n".join(lines) + "\n"


def _drawn(m: Mos) -> str:
    j = m.junctions
    if j is None:
        return ""
    areas, ends = (j.drain_area_nm2, j.source_area_nm2), (j.drain_perimeter_nm, j.source_perimeter_nm)
    (ad, as_), (pd, ps) = (v / 1e6 for v in areas), (v / 1e3 for v in ends)
    return f" ad={ad:g} as={as_:g} pd={pd:g} ps={ps:g}"


def write_spice(flat: FlatNetlist, path: Path) -> None:
    """Write `flat` for ngspice with the foundry's models, whole or not at all (see `spice_text`)."""
    atomic_write(path, spice_text(flat))


def write_csv(parasitics: Parasitics, path: Path) -> None:
    """`net,c_total_F,r_total_ohm`, every net of the layout, largest capacitance first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("net", "c_total_F", "r_total_ohm"))
    totals = parasitics.total_capacitance()
    for net in sorted(totals, key=lambda n: (-totals[n], n)):
        writer.writerow((net, f"{totals[net]:.6g}", f"{parasitics.resistance_ohm.get(net, 0.0):.6g}"))
    atomic_write(path, buffer.getvalue())


def write_json(flat: FlatNetlist, path: Path) -> None:
    """The flat netlist as data, for later steps."""
    table = {
        "version": 2,
        "name": flat.name,
        "ports": flat.ports,
        "mos": [_row(m) for m in flat.mos],
        "capacitors": [[c.name, c.a, c.b, c.farad] for c in flat.capacitors],
        "resistors": [[r.name, r.a, r.b, r.ohm] for r in flat.resistors],
    }
    atomic_write(path, json.dumps(table, separators=(",", ":")) + "\n")


def read_json(path: Path) -> FlatNetlist:
    """What `write_json` wrote. InputError if it is anything else."""
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if table["version"] != 2:
            raise InputError(f"flat netlist {path}: version {table['version']} is not known; extract again")
        return FlatNetlist(
            str(table["name"]),
            tuple(map(str, table["ports"])),
            tuple(_mos(row) for row in table["mos"]),
            tuple(Capacitor(str(n), str(a), str(b), float(f)) for n, a, b, f in table["capacitors"]),
            tuple(Resistor(str(n), str(a), str(b), float(f)) for n, a, b, f in table["resistors"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"flat netlist {path}: cannot be read ({error}); extract again") from error


def write_lumped(totals: Mapping[str, float], path: Path) -> None:
    """Total capacitance of each net in F, for engines that take nets as single nodes."""
    atomic_write(path, json.dumps({"version": 1, "farad": dict(totals)}, separators=(",", ":")) + "\n")


def read_lumped(path: Path, flat: FlatNetlist) -> FlatNetlist:
    """`flat` with the capacitances that `write_lumped` wrote, to its ground; nets that it lacks are left out.

    InputError if the file is anything else.
    """
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if table["version"] != 1:
            raise InputError(f"capacitances {path}: version {table['version']} is not known; extract again")
        known = set(flat.nets)
        lumps = (
            Capacitor(f"c_{k}", net, GROUND, float(farad))
            for k, (net, farad) in enumerate(table["farad"].items())
            if net in known and net != GROUND
        )
        return replace(flat, capacitors=tuple(lumps))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"capacitances {path}: cannot be read ({error}); extract again") from error


def _row(m: Mos) -> list[str | int]:
    j = m.junctions
    drawn = [] if j is None else [j.drain_area_nm2, j.source_area_nm2, j.drain_perimeter_nm, j.source_perimeter_nm]
    return [m.name, m.device, m.d, m.g, m.s, m.b, m.w_nm, m.l_nm, *drawn]


def _mos(row: list[Any]) -> Mos:
    name, device, d, g, s, b = map(str, row[:6])
    w_nm, l_nm, *drawn = map(int, row[6:])
    return Mos(name, device, d, g, s, b, w_nm, l_nm, Junctions(*drawn) if drawn else None)


def write_layout(
    pdk: Pdk,
    layout: Path,
    top: str,
    spice: Path,
    table: Path,
    corner: str | None = None,
    dspf: Path | None = None,
    warn: Callable[[str], None] = lambda line: None,
) -> dict[str, float]:
    """Extract `top` of any layout with its own labels: netlist with capacitors to `spice`, totals per net to `table`.

    `corner` is one of extraction (None: the nominal one). `warn` is called with a line for every label that does not
    name one net alone. Returns what was found, as metrics.
    Resistance is in the table; without a schematic there are no cells to put segments between.
    """
    found = extract(pdk, layout, top, process=None if corner is None else pdk.wires.interconnect(corner))
    for line in found.geometry.doubtful:
        warn(line)
    flat = annotate(found.circuit, found)
    write_csv(found, table)
    write_spice(flat, spice)
    if dspf is not None:
        write_dspf(flat, dspf, found)
    return {
        "pex__nets__count": len(found.geometry.nets),
        "pex__transistors__count": len(found.circuit.mos),
        "pex__other_devices__count": len(found.circuit.elements),
        "pex__wiring__F": sum(c.farad for c in found.couplings),
    }
