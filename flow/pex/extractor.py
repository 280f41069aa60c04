"""Parasitics of a layout: names, capacitances, resistances."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import klayout.db as kdb
import numpy as np

from somaforge.flow.checks import lvs
from somaforge.flow.pex import capacitance
from somaforge.flow.pex.capacitance import Capacitances
from somaforge.flow.pex.geometry import Geometry, PlacedDevice, collect
from somaforge.flow.pex.kernel import SUBSTRATE
from somaforge.flow.pex.naming import layout_names, schematic_names
from somaforge.flow.pex.resistance import net_resistances
from somaforge.flow.pex.terminals import terminal_ohm
from somaforge.flow.pex.tiling import Tiling, aligned
from somaforge.flow.pex.wires import Wire, build_wire
from somaforge.generator.circuit import Element, FlatNetlist, Mos
from somaforge.pdk.base import Pdk
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.extraction import Extraction
from somaforge.pdk.extraction import extract as connect
from somaforge.pdk.interconnect import Interconnect


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
    """What the wiring of a layout adds to its transistors. What is large is made when it is asked for."""

    name: str
    ports: tuple[str, ...]
    capacitances: Capacitances = field(repr=False)
    geometry: Geometry = field(repr=False)
    process: Interconnect = field(repr=False)
    labels: Mapping[str, tuple[int, int]] | None = field(repr=False)
    """Top-level label -> place in nm; None without a reference netlist."""

    @property
    def ground(self) -> str:
        """The substrate's net."""
        return self.geometry.nets[0]

    @property
    def windows(self) -> int:
        """Tiles of the layout."""
        return self.capacitances.windows

    @property
    def distinct_windows(self) -> int:
        """Those that differ from all others, mirrored or not."""
        return self.capacitances.distinct

    @cached_property
    def circuit(self) -> FlatNetlist:
        """The layout's own transistors with their drawn junctions, other devices, and its ports; without parasitics."""
        mos = (Mos(d.name, d.device, d.d, d.g, d.s, d.b, d.w_nm, d.l_nm, d.junctions) for d in self.geometry.devices)
        return FlatNetlist(self.name, self.ports, tuple(mos), elements=tuple(self._elements()))

    def _elements(self) -> Iterator[Element]:
        nets = self.geometry.nets
        for e in self.geometry.elements:
            yield Element(e.name, e.card.element, e.model, tuple(nets[net] for net in e.nets), e.sizes)

    @cached_property
    def device(self) -> Mapping[str, PlacedDevice]:
        """The layout's transistors by name."""
        return {d.name: d for d in self.geometry.devices}

    @cached_property
    def cell_of(self) -> Mapping[str, str]:
        """Transistor -> the instance that it stands in, as wires name their sites."""
        t = self.geometry.transistors
        return {name: t.instances[k] for name, k in zip(t.names, t.cell.tolist(), strict=True)}

    @cached_property
    def couplings(self) -> tuple[Coupling, ...]:
        """Every pair of nets once; the substrate is a net like any other."""
        nets, c = self.geometry.nets, self.capacitances.couplings
        rows = zip(c.a.tolist(), c.b.tolist(), c.farad.tolist(), c.x.tolist(), c.y.tolist(), strict=True)
        return tuple(Coupling(nets[a], nets[b], f, x, y) for a, b, f, x, y in rows)

    @cached_property
    def resistance_ohm(self) -> Mapping[str, float]:
        """Per net, everything in series (see `resistance`)."""
        return net_resistances(self.geometry, self.process)

    @cached_property
    def terminal_ohm(self) -> Mapping[str, tuple[float, float, float, float]]:
        """Transistor -> ohm from the wires of its cell to its own drain, gate, source, bulk (see `terminals`)."""
        rows = terminal_ohm(self.geometry, self.process).tolist()
        return {n: (d, g, s, b) for n, (d, g, s, b) in zip(self.geometry.transistors.names, rows, strict=True)}

    @cached_property
    def wires(self) -> Mapping[str, Wire]:
        """Nets that several cells share, in segments. Empty without a reference netlist."""
        return {} if self.labels is None else _wires(self.geometry, self.ports, self.process, self.labels)

    def total_capacitance(self) -> dict[str, float]:
        """Net -> total capacitance, couplings included; every net of the layout."""
        totals = self.capacitances.totals(len(self.geometry.nets))
        return dict(zip(self.geometry.nets, totals.tolist(), strict=True))


def extract(
    pdk: Pdk,
    layout: Path,
    top: str,
    reference: Path | None = None,
    reference_top: str | None = None,
    *,
    tiling: Tiling | None = None,
    process: Interconnect | None = None,
) -> Parasitics:
    """Parasitics of `top` in `layout`.

    With `reference` (a SPICE netlist) LVS runs first and nets and transistors get the schematic's flat names;
    CheckError if it does not match. Without, the layout's labels name them. `tiling`: windows that are computed one
    by one; without it, windows along the layout's own cells. `process`: its wiring if not that of the nominal corner.
    """
    wiring = pdk.wires.nominal if process is None else process
    if reference is None:
        extraction = connect(layout, top, by=pdk.checks.connectivity)
        _refuse_doubts(extraction)
        names = layout_names()
    else:
        comparison = lvs.compare(pdk, layout, reference, top, reference_top)
        if comparison.lines:
            raise CheckError(
                f"layout {layout} cell {top}: parasitics need a layout that passed LVS; "
                f"{len(comparison.lines)} mismatches, the first: {comparison.lines[0]}"
            )
        extraction = comparison.extraction
        _refuse_elements(extraction)
        names = schematic_names(comparison.partners())
    geometry = collect(extraction, names, wiring)
    lines = aligned([p.box for p in geometry.leaves], geometry.box) if tiling is None else tiling.lines(geometry.box)
    return Parasitics(
        name=extraction.top.name,
        ports=_ports(extraction, geometry, reference is not None),
        capacitances=capacitance.along(geometry.conductors, lines, wiring),
        geometry=geometry,
        process=wiring,
        labels=None if reference is None else _label_places(extraction),
    )


def _refuse_doubts(extraction: Extraction) -> None:
    """InputError for a gate that is not one whole transistor, and whatever else the extraction is not sure of."""
    cell = extraction.opened.cell.name
    for entry in extraction.lvs.each_log_entry():
        if entry.severity in (kdb.Severity.Error, kdb.Severity.Warning) and "soft-connected" not in entry.message:
            at = entry.geometry.bbox().center()
            raise InputError(
                f"layout {entry.cell_name or cell} at ({at.x:.3f}, {at.y:.3f}) um: {' '.join(entry.message.split())}"
            )


def _refuse_elements(extraction: Extraction) -> None:
    """InputError for a device that is no transistor: only transistors are put on a schematic's names."""
    for circuit in extraction.netlist.each_circuit():
        for device in circuit.each_device():
            if not isinstance(device.device_class(), kdb.DeviceClassMOS4Transistor):
                place, kind = device.trans.disp, device.device_class().name
                raise InputError(
                    f"cell {circuit.name}: {kind} at ({place.x:.3f}, {place.y:.3f}) um: "
                    "on a schematic's names parasitics are extracted of transistors and wires only"
                )


def _ports(extraction: Extraction, geometry: Geometry, named: bool) -> tuple[str, ...]:
    """The schematic's pins, or every labelled net of the top cell."""
    top = extraction.top
    if named:
        return tuple(dict.fromkeys(pin.name() for pin in top.each_pin()))
    ports = [name for _, name in geometry.labelled if name in geometry.number]
    # The substrate is a node of the result even where no transistor stands in it.
    ports += [] if (geometry.transistors.nets == SUBSTRATE).any() else [geometry.nets[SUBSTRATE]]
    return tuple(dict.fromkeys(ports))


def _wires(
    geometry: Geometry, ports: tuple[str, ...], process: Interconnect, labels: Mapping[str, tuple[int, int]]
) -> dict[str, Wire]:
    sites, instances, outside = geometry.sites, geometry.transistors.instances, frozenset(ports)
    wires = {}
    for number in np.flatnonzero(sites.count > 1).tolist():
        net = geometry.nets[number]
        cells, diodes = sites.of(number)
        places = sites.centre[cells]
        # The node that keeps the net's name: at the pin, or where a diode sets the net's voltage.
        port = int(np.argmax(diodes))
        if net in labels and net in outside:
            port = int(np.argmin(np.abs(places - np.array(labels[net])).sum(axis=1)))
        wires[net] = build_wire(geometry, process, net, [instances[k] for k in cells.tolist()], places, port)
    return wires


def _label_places(extraction: Extraction) -> dict[str, tuple[int, int]]:
    """Top-level label -> place in nm."""
    opened = extraction.opened
    scale = opened.layout.dbu * 1000
    places = {}
    for numbers in extraction.by.labels.values():
        index = opened.layout.find_layer(*numbers)
        if index is None:
            continue
        for shape in opened.cell.shapes(index).each():
            if shape.is_text():
                places[shape.text_string] = (round(shape.text.x * scale), round(shape.text.y * scale))
    return places
