"""Layout against schematic on any sky130 layout: devices, W, L, nets and the names of the top pins."""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.checks import diagnosis
from somaforge.flow.checks.hierarchy import align, too_wide
from somaforge.flow.checks.lvs_report import mismatch_lines
from somaforge.flow.checks.partners import Partners, Whole, dissolve, partners
from somaforge.flow.checks.spice_reader import find_circuit, read_netlist
from somaforge.pdk.errors import SomaforgeError
from somaforge.pdk.files import atomic_path
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.connectivity import Extraction, extract
from somaforge.pdk.sky130.gds import PINS

SIZE_TOLERANCE_UM = 0.001
"""Layouts are on a 5 nm grid and schematics are exact: 1 nm is rounding, and below 1 % of the shortest channel."""
FLAT_LIMIT = 50_000
"""Transistors above which cells that do not match are not compared flat as well: that would take hours."""


@dataclass(frozen=True)
class LvsResult:
    """The outcome of a comparison."""

    mismatches: tuple[str, ...]
    """One line for a human per mismatch; empty if layout and schematic are the same."""
    devices: int
    """Transistors of the flat layout."""
    nets: int
    """Nets of the flat layout's top hierarchy that carry a device, summed over circuits."""

    @property
    def matched(self) -> bool:
        """True if nothing differs."""
        return not self.mismatches


def run(layout: Path, netlist: Path, top: str, database: Path | None, netlist_top: str | None = None) -> LvsResult:
    """Compare `top` of `layout` with `netlist_top` (default: `top`) of `netlist`; writes the .lvsdb `database`.

    The comparison goes cell by cell where both hierarchies have the same cells. If that does not match, the flat
    netlists decide: a cell whose rails only meet in its parent is no error.
    """
    comparison = compare(layout, netlist, top, netlist_top)
    if database is not None:
        with atomic_path(database) as beside:
            comparison.extraction.lvs.write(str(beside))
    return LvsResult(comparison.lines, comparison.devices, comparison.nets)


@dataclass(frozen=True)
class Comparison:
    """A comparison with everything it was made from; `extraction.lvs.xref()` pairs nets and devices."""

    extraction: Extraction
    schematic: kdb.Netlist
    lines: tuple[str, ...]
    devices: int
    nets: int
    whole: Whole | None
    """The layout's netlist with the circuits that were dissolved for the comparison; None if there were none."""

    def partners(self) -> dict[str, Partners]:
        """Layout circuit -> schematic names of what is in it, for every circuit of `extraction.netlist`."""
        return partners(self.extraction.lvs, self.whole)

    def net_names(self) -> dict[str, str]:
        """Layout net name -> schematic net name in the top circuit."""
        names = {}
        for circuits in self.extraction.lvs.xref().each_circuit_pair():
            first = circuits.first()
            if first is None or first.name != self.extraction.opened.cell.name:
                continue
            for pair in self.extraction.lvs.xref().each_net_pair(circuits):
                if pair.first() is not None and pair.second() is not None:
                    names[pair.first().expanded_name()] = pair.second().expanded_name()
        return names


def compare(layout: Path, netlist: Path, top: str, netlist_top: str | None = None) -> Comparison:
    """Compare cell by cell, or flat if that matches better; keeps everything that it was made from."""
    opened = open_layout(layout, top)
    comparison = _compare(opened, netlist, netlist_top or top, flat=False)
    if comparison.lines and comparison.devices <= FLAT_LIMIT:
        flat = _compare(opened, netlist, netlist_top or top, flat=True)
        if len(flat.lines) < len(comparison.lines):
            comparison = flat
    return comparison


def compare_flat(layout: Path, netlist: Path, top: str, netlist_top: str | None = None) -> Comparison:
    """Compare as one flat circuit: net geometry with the schematic's names, for extraction of parasitics."""
    return _compare(open_layout(layout, top), netlist, netlist_top or top, flat=True)


def _compare(opened: OpenLayout, netlist: Path, netlist_top: str, *, flat: bool) -> Comparison:
    schematic = read_netlist(netlist, netlist_top)
    reference = find_circuit(schematic, netlist_top)
    extraction = extract(opened, flat=flat)
    lvs, extracted = extraction.lvs, extraction.netlist
    extracted.case_sensitive = False
    top = extraction.top
    devices = _flat_devices(top, {})
    # Purging must not take a circuit that is compared.
    top.dont_purge = reference.dont_purge = True
    lines = [*_extraction_errors(extraction)]
    if devices == 0:
        lines.append(f"layout {top.name}: no transistor was found in it")
    if _flat_devices(reference, {}) == 0:
        lines.append(f"schematic {reference.name}: no transistor in it")
    lines += _make_pins(extraction, top, reference)
    _remove_other_tops(schematic, reference)
    _set_tolerances(extracted)
    if flat:
        schematic.flatten()
    align(extracted, schematic, top, reference)
    wide = too_wide(extracted, top)
    whole = dissolve(extracted, schematic, wide) if wide else None
    lvs.reference = schematic
    same, found = diagnosis.compare(lvs, top, reference, lambda: mismatch_lines(lvs, top.name, SIZE_TOLERANCE_UM))
    lines += found
    if not same and not lines:
        lines.append(f"circuit {top.name}: layout and schematic differ (see the LVS database)")
    nets = sum(1 for c in extracted.each_circuit() for _ in c.each_net())
    if whole is not None:
        extraction = replace(extraction, whole=whole.netlist)
    return Comparison(extraction, schematic, tuple(dict.fromkeys(lines)), devices, nets, whole)


def _flat_devices(circuit: kdb.Circuit, known: dict[str, int]) -> int:
    if circuit.name not in known:
        below = sum(_flat_devices(s.circuit_ref(), known) for s in circuit.each_subcircuit())
        known[circuit.name] = below + sum(1 for _ in circuit.each_device())
    return known[circuit.name]


def _extraction_errors(extraction: Extraction) -> Iterator[str]:
    for entry in extraction.lvs.each_log_entry():
        if entry.severity in (kdb.Severity.Error, kdb.Severity.Warning):
            message = " ".join(entry.message.split())
            if "soft-connected" in message:
                message += "; its wires meet only in a well or in the substrate, join them in metal"
            yield f"layout {entry.cell_name or extraction.opened.cell.name}: {message}"


def _make_pins(extraction: Extraction, top: kdb.Circuit, reference: kdb.Circuit) -> Iterator[str]:
    """Give the layout the schematic's pins, by label; yields what is missing, split, shorted or unnamed."""
    labelled: dict[str, list[kdb.Net]] = {}
    for net in top.each_net():
        for name in net.name.split(",") if net.name else ():
            labelled.setdefault(name.lower(), []).append(net)
    wanted = [pin.name() for pin in reference.each_pin()]
    for pin in list(top.each_pin()):
        top.remove_pin(pin.id())
    made: dict[int, str] = {}
    for name in wanted:
        nets = labelled.get(name.lower(), [])
        if not nets:
            yield f"pin {name}: no label {name!r} on a conductor of layout cell {top.name}"
            continue
        if len(nets) > 1:
            yield f"pin {name}: {len(nets)} nets of the layout carry this label and are not connected to each other"
        if nets[0].cluster_id in made:
            yield f"pin {name}: shorted to {made[nets[0].cluster_id]} in the layout (net {nets[0].name})"
            continue
        made[nets[0].cluster_id] = name
        top.connect_pin(top.create_pin(name), nets[0])
    yield from _unnamed_pins(extraction, {n.lower() for n in wanted})


def _unnamed_pins(extraction: Extraction, wanted: set[str]) -> Iterator[str]:
    """Pin shapes (datatype 16) of the top cell that lie on no net, or on one that is not a pin of the schematic."""
    opened = extraction.opened
    for conductor, numbers in PINS.items():
        index = opened.layout.find_layer(*numbers)
        if index is None:
            continue
        for polygon in kdb.Region(opened.cell.shapes(index)).merged().each():
            middle = polygon.bbox().center()
            net = extraction.lvs.probe_net(extraction.regions[conductor], middle)
            names = {n.lower() for n in net.name.split(",")} if net is not None and net.name else set()
            if not names & wanted:
                at = middle.to_dtype(opened.layout.dbu)
                name = "no net" if net is None else f"net {net.expanded_name()}"
                yield f"pin shape on {conductor} at ({at.x:.3f}, {at.y:.3f}) um: {name} is no pin of the schematic"


def _remove_other_tops(schematic: kdb.Netlist, reference: kdb.Circuit) -> None:
    """A library file holds many cells; only what `reference` calls takes part."""
    used = {reference.name}
    for circuit in schematic.each_circuit_top_down():
        if circuit.name in used:
            used.update(s.circuit_ref().name for s in circuit.each_subcircuit())
    for circuit in list(schematic.each_circuit_top_down()):
        if circuit.name not in used:
            schematic.remove(circuit)


def _set_tolerances(netlist: kdb.Netlist) -> None:
    exact = kdb.EqualDeviceParameters(kdb.DeviceClassMOS4Transistor.PARAM_W, SIZE_TOLERANCE_UM, 0.0)
    exact += kdb.EqualDeviceParameters(kdb.DeviceClassMOS4Transistor.PARAM_L, SIZE_TOLERANCE_UM, 0.0)
    for kind in netlist.each_device_class():
        kind.equal_parameters = exact


def _main(arguments: list[str]) -> int:
    """Print every mismatch of GDS TOP against NETLIST."""
    if len(arguments) not in (3, 4):
        print("usage: python -m somaforge.flow.checks.lvs LAYOUT NETLIST TOP [NETLIST_TOP]", file=sys.stderr)
        return 2
    layout, netlist, top = Path(arguments[0]), Path(arguments[1]), arguments[2]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            result = run(layout, netlist, top, Path(scratch) / "lvs.lvsdb", *arguments[3:])
    except SomaforgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for line in result.mismatches:
        print(line)
    print(f"{top}: {len(result.mismatches)} mismatches, {result.devices} transistors, {result.nets} nets in the layout")
    return 0 if result.matched else 1


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
