"""Parasitics of a layout: names, capacitances, resistances."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from somaforge.flow.checks import lvs
from somaforge.flow.pex import capacitance
from somaforge.flow.pex.geometry import Geometry, collect
from somaforge.flow.pex.naming import layout_names, safe, schematic_names
from somaforge.flow.pex.resistance import net_resistances
from somaforge.flow.pex.wires import Wire, build_wire
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.interconnect import Interconnect
from somaforge.pdk.sky130.connectivity import LABELS, Extraction
from somaforge.pdk.sky130.connectivity import extract as connect
from somaforge.pdk.sky130.parasitics import INTERCONNECT


@dataclass(frozen=True)
class Coupling:
    """Capacitance between two nets and where its centre lies (nm)."""

    a: str
    b: str
    farad: float
    x_nm: float
    y_nm: float


@dataclass(frozen=True)
class Parasitics:
    """What the wiring of a layout adds to its transistors."""

    circuit: FlatNetlist
    """The layout's own transistors and ports, without parasitics."""
    ground: str
    """The substrate's net."""
    couplings: tuple[Coupling, ...]
    """Every pair of nets once; the substrate is a net like any other."""
    resistance_ohm: Mapping[str, float]
    """Per net, everything in series (see `resistance`)."""
    wires: Mapping[str, Wire]
    """Nets that several cells share, in segments. Empty without a reference netlist."""
    geometry: Geometry = field(repr=False)
    windows: int
    distinct_windows: int

    def total_capacitance(self) -> dict[str, float]:
        """Net -> total capacitance, couplings included; every net of the layout."""
        total = dict.fromkeys(self.geometry.nets, 0.0)
        for c in self.couplings:
            total[c.a] += c.farad
            total[c.b] += c.farad
        return total


def extract(
    layout: Path,
    top: str,
    reference: Path | None = None,
    reference_top: str | None = None,
    *,
    tiling: capacitance.Tiling | None = None,
    process: Interconnect = INTERCONNECT,
) -> Parasitics:
    """Parasitics of `top` in `layout`.

    With `reference` (a SPICE netlist) LVS runs first and nets and transistors get the schematic's flat names;
    CheckError if it does not match. Without, the layout's labels name them. `tiling` is for layouts that repeat.
    """
    if reference is None:
        extraction = connect(layout, top)
        names = layout_names()
    else:
        comparison = lvs.compare(layout, reference, top, reference_top)
        if comparison.lines:
            raise CheckError(
                f"layout {layout} cell {top}: parasitics need a layout that passed LVS; "
                f"{len(comparison.lines)} mismatches, the first: {comparison.lines[0]}"
            )
        extraction = comparison.extraction
        names = schematic_names(extraction.lvs, extraction.top)
    geometry = collect(extraction, names)
    found = capacitance.extract(geometry.conductors, geometry.box, process, tiling)
    nets = geometry.nets
    c = found.couplings
    couplings = tuple(
        Coupling(nets[a], nets[b], f, x, y)
        for a, b, f, x, y in zip(c.a.tolist(), c.b.tolist(), c.farad.tolist(), c.x.tolist(), c.y.tolist(), strict=True)
    )
    circuit = _circuit(extraction, geometry, reference is not None)
    return Parasitics(
        circuit=circuit,
        ground=nets[0],
        couplings=couplings,
        resistance_ohm=net_resistances(geometry, process),
        wires=_wires(extraction, geometry, circuit, process) if reference is not None else {},
        geometry=geometry,
        windows=found.windows,
        distinct_windows=found.distinct,
    )


def _circuit(extraction: Extraction, geometry: Geometry, named: bool) -> FlatNetlist:
    """The layout as a flat netlist. Ports: the schematic's pins, or every labelled net of the top cell."""
    mos = tuple(Mos(d.name, d.device, d.d, d.g, d.s, d.b, d.w_nm, d.l_nm) for d in geometry.devices)
    top = extraction.top
    if named:
        ports = [pin.name() for pin in top.each_pin()]
    else:
        used = {n for m in mos for n in (m.d, m.g, m.s, m.b)}
        ports = [safe(net.name) for net in top.each_net() if net.name and safe(net.name) in geometry.nets]
        # The substrate is a node of the result even where no transistor stands in it.
        ports += [geometry.nets[0]] if geometry.nets[0] not in used else []
    unknown = [m.name for m in mos if m.name.rpartition(".")[2].startswith("unmatched_")]
    if unknown:
        raise InputError(f"cell {top.name}: transistor {unknown[0]} has no counterpart in the schematic")
    return FlatNetlist(top.name, tuple(dict.fromkeys(ports)), mos)


def cell_of(transistor: str, leaves: frozenset[str]) -> str:
    """The outermost instance that holds transistors of its own: a synapse, not the latch in it."""
    parts = transistor.split(".")[:-1]
    for k in range(1, len(parts) + 1):
        path = ".".join(parts[:k])
        if path in leaves:
            return path
    return ""


def _wires(extraction: Extraction, geometry: Geometry, circuit: FlatNetlist, process: Interconnect) -> dict[str, Wire]:
    leaves = frozenset(m.name.rpartition(".")[0] for m in circuit.mos)
    places: dict[str, list[tuple[int, int]]] = {}
    touched: dict[str, dict[str, int]] = {}
    for m, d in zip(circuit.mos, geometry.devices, strict=True):
        cell = cell_of(m.name, leaves)
        places.setdefault(cell, []).append((d.x_nm, d.y_nm))
        for net in {m.d, m.g, m.s, m.b}:
            cells = touched.setdefault(net, {})
            # A diode (gate on its drain) or, for want of one, a drain marks the cell that sets the net's voltage.
            weight = 1000 if m.g == net and net in (m.d, m.s) else 0
            cells[cell] = cells.get(cell, 0) + weight
    centre = {
        cell: (round(sum(p[0] for p in at) / len(at)), round(sum(p[1] for p in at) / len(at)))
        for cell, at in places.items()
    }
    labels = _label_places(extraction)
    wires = {}
    for net, cells in touched.items():
        if len(cells) < 2:
            continue
        sites = {cell: centre[cell] for cell in cells}
        if net in labels and net in circuit.ports:
            x, y = labels[net]
            port = int(np.argmin([abs(a - x) + abs(b - y) for a, b in sites.values()]))
        else:
            port = int(np.argmax(list(cells.values())))
        wires[net] = build_wire(geometry, process, net, sites, port)
    return wires


def _label_places(extraction: Extraction) -> dict[str, tuple[int, int]]:
    """Top-level label -> place in nm."""
    opened = extraction.opened
    scale = opened.layout.dbu * 1000
    places = {}
    for numbers in LABELS.values():
        index = opened.layout.find_layer(*numbers)
        if index is None:
            continue
        for shape in opened.cell.shapes(index).each():
            if shape.is_text():
                places[shape.text_string] = (round(shape.text.x * scale), round(shape.text.y * scale))
    return places
