"""Layout against schematic on any layout of a process: devices, W, L, nets and the names of the top pins."""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.checks import blackbox, diagnosis, proof, reduction
from somaforge.flow.checks.hierarchy import align, too_wide
from somaforge.flow.checks.lvs_report import COMPARED, SIZE_TOLERANCE_UM, mismatch_lines
from somaforge.flow.checks.partners import Partners, Whole, dissolve, partners
from somaforge.flow.checks.reach import unconnected
from somaforge.flow.checks.spice_reader import find_circuit, read_netlist
from somaforge.flow.machinery.printable import printable
from somaforge.pdk import default, load
from somaforge.pdk.base import Pdk
from somaforge.pdk.connectivity import Connectivity
from somaforge.pdk.errors import SomaforgeError
from somaforge.pdk.extraction import SUBSTRATE, Extraction, extract
from somaforge.pdk.files import atomic_path
from somaforge.pdk.layout_file import OpenLayout, open_layout

FAR = 20
"""A schematic with so many times the layout's devices is another circuit: comparing it would take hours."""
FLAT_LIMIT = 50_000
"""Transistors above which cells that do not match are not compared flat as well: that would take hours."""


@dataclass(frozen=True)
class LvsResult:
    """The outcome of a comparison."""

    mismatches: tuple[str, ...]
    """One line for a human per mismatch; empty if layout and schematic are the same."""
    devices: int
    """Devices of the flat layout."""
    nets: int
    """Nets of the flat layout's top hierarchy that carry a device, summed over circuits."""

    @property
    def matched(self) -> bool:
        """True if nothing differs."""
        return not self.mismatches


def run(
    pdk: Pdk,
    layout: Path,
    netlist: Path,
    top: str,
    database: Path | None,
    netlist_top: str | None = None,
    blackboxes: frozenset[str] = frozenset(),
) -> LvsResult:
    """Compare `top` of `layout` with `netlist_top` (default: `top`) of `netlist`; writes the .lvsdb `database`.

    The comparison goes cell by cell where both hierarchies have the same cells. If that does not match, the flat
    netlists decide: a cell whose rails only meet in its parent is no error. Of the cells `blackboxes` the pins alone
    are compared.
    """
    comparison = compare(pdk, layout, netlist, top, netlist_top, blackboxes)
    if database is not None:
        with atomic_path(database) as beside:
            comparison.extraction.lvs.write(str(beside))
    return LvsResult(tuple(map(printable, comparison.lines)), comparison.devices, comparison.nets)


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
    empty: tuple[str, ...] = ()
    """Those of `lines` that are about circuits without contents; a flat comparison cannot find them."""

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


def compare(
    pdk: Pdk,
    layout: Path,
    netlist: Path,
    top: str,
    netlist_top: str | None = None,
    blackboxes: frozenset[str] = frozenset(),
) -> Comparison:
    """Compare cell by cell, or flat if that matches better; keeps everything that it was made from.

    What still differs is compared with fingers put together (`reduction`): a netlist may have one device for them.
    """
    by = pdk.checks.connectivity
    opened = open_layout(layout, top)
    boxes = frozenset(name.lower() for name in blackboxes)
    schematic = read_netlist(netlist, netlist_top or top, by.devices, boxes)
    nested = opened.cell.child_cells() > 0 or sum(1 for _ in schematic.each_circuit()) > 1
    best = _proven(by, opened, schematic, netlist_top or top, boxes, flat=False, reduced=False)
    for flat, reduced in ((True, False), (False, True), (True, True)):
        if not best.lines:
            break
        if flat and (not nested or best.devices > FLAT_LIMIT or boxes):
            continue
        found = _proven(by, opened, schematic, netlist_top or top, boxes, flat=flat, reduced=reduced)
        lines = tuple(dict.fromkeys((*best.empty, *found.lines)))
        if len(lines) < len(best.lines):
            best = replace(found, lines=lines, empty=best.empty)
    return best


def compare_flat(pdk: Pdk, layout: Path, netlist: Path, top: str, netlist_top: str | None = None) -> Comparison:
    """Compare as one flat circuit: net geometry with the schematic's names, for extraction of parasitics."""
    by = pdk.checks.connectivity
    schematic = read_netlist(netlist, netlist_top or top, by.devices)
    return _proven(by, open_layout(layout, top), schematic, netlist_top or top, frozenset(), flat=True, reduced=False)


def _proven(
    by: Connectivity,
    opened: OpenLayout,
    schematic: kdb.Netlist,
    netlist_top: str,
    boxes: frozenset[str],
    *,
    flat: bool,
    reduced: bool,
) -> Comparison:
    """The comparison, repeated without the circuits whose pins it exchanged (`proof`)."""
    dissolved: frozenset[str] = frozenset()
    while True:
        found = _compare(by, opened, schematic.dup(), netlist_top, boxes, dissolved, flat=flat, reduced=reduced)
        if found.lines:
            return found
        pairs = proof.check(found.extraction.lvs)
        if pairs.broken or pairs.exchanged & (dissolved | {name for name in pairs.exchanged if name.lower() in boxes}):
            lines = pairs.broken or tuple(f"circuit {name}: pins exchanged" for name in sorted(pairs.exchanged))
            return replace(found, lines=lines)
        if not pairs.exchanged:
            return found
        dissolved |= pairs.exchanged


def _compare(
    by: Connectivity,
    opened: OpenLayout,
    schematic: kdb.Netlist,
    netlist_top: str,
    boxes: frozenset[str],
    dissolved: frozenset[str],
    *,
    flat: bool,
    reduced: bool,
) -> Comparison:
    reference = find_circuit(schematic, netlist_top)
    extraction = extract(opened, by=by, flat=flat, blackboxes=boxes)
    lvs, extracted = extraction.lvs, extraction.netlist
    extracted.case_sensitive = False
    top = extraction.top
    devices = _flat_devices(top, {})
    wanted = _flat_devices(reference, {})
    # Purging must not take a circuit that is compared.
    top.dont_purge = reference.dont_purge = True
    lines = [*_extraction_errors(extraction)]
    # Fillers and taps have pins and nothing else in both.
    if devices == 0 and not boxes and (wanted or not reference.pin_count()):
        lines.append(f"layout {top.name}: no transistor was found in it")
    if wanted == 0 and not boxes and (devices or not reference.pin_count()):
        lines.append(f"schematic {reference.name}: no transistor in it")
    labels = frozenset(net.name for net in top.each_net() if net.name)
    if devices == wanted == 0 and not boxes:
        lines += _strange_labels(top, reference)
    lines += _make_pins(extraction, top, reference)
    empty = () if flat else tuple(blackbox.empty_circuits(extraction, schematic, reference, boxes))
    lines += empty
    lines += blackbox.make_boxes(extracted, schematic, boxes)
    if wanted > FAR * max(devices, FLAT_LIMIT):
        lines.append(f"circuit {top.name}: {devices} devices in the layout, {wanted} in the schematic: not compared")
        return Comparison(extraction, schematic, tuple(dict.fromkeys(lines)), devices, 0, None, empty)
    if flat:
        schematic.flatten()
    align(extracted, schematic, top, reference)
    wide = too_wide(extracted, top)
    wide += [c for c in extracted.each_circuit() if c.name in dissolved and c.name not in {w.name for w in wide}]
    whole = dissolve(extracted, schematic, wide) if wide else None
    fingers = reduction.reduce(extracted, schematic) if reduced else None
    _set_tolerances(extracted, schematic)
    lvs.reference = schematic
    same, found = diagnosis.compare(lvs, top, reference, lambda: mismatch_lines(lvs, top, labels, fingers))
    lines += found
    if not same and not lines:
        lines.append(f"circuit {top.name}: layout and schematic differ (see the LVS database)")
    nets = sum(1 for c in extracted.each_circuit() for _ in c.each_net())
    if whole is not None:
        extraction = replace(extraction, whole=whole.netlist)
    return Comparison(extraction, schematic, tuple(dict.fromkeys(lines)), devices, nets, whole, empty)


def _flat_devices(circuit: kdb.Circuit, known: dict[str, int]) -> int:
    if circuit.name not in known:
        below = sum(_flat_devices(s.circuit_ref(), known) for s in circuit.each_subcircuit())
        known[circuit.name] = below + sum(1 for _ in circuit.each_device())
    return known[circuit.name]


def _strange_labels(top: kdb.Circuit, reference: kdb.Circuit) -> Iterator[str]:
    """Labels of a cell without devices that name no net of the schematic: the comparison drops nets that nothing is on,
    so it would not see them."""
    known = {net.name.lower() for net in reference.each_net()} | {SUBSTRATE.lower()}
    for net in top.each_net():
        for name in net.name.split(",") if net.name else ():
            if name.lower() not in known:
                yield f"net {top.name}: layout label {name} names no net of the schematic"


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
        # One net may have a name twice, in capitals and in small letters.
        for name in {name.lower() for name in net.name.split(",")} if net.name else ():
            labelled.setdefault(name, []).append(net)
    wanted = [pin.name() for pin in reference.each_pin()]
    if not any(SUBSTRATE in net.name.split(",") for net in top.each_net()):
        # No tap and no transistor stands in the cell (a tie cell, a filler): its substrate is a net all the same.
        for name in extraction.substrate_labels:
            if name.lower() not in labelled:
                labelled[name.lower()] = [top.create_net(name)]
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
    for name in unconnected(top, reference):  # the comparison would drop its net and take an unnamed one for it
        yield f"pin {name}: its wire leads to nothing in the layout"
    yield from _unnamed_pins(extraction, {n.lower() for n in wanted})


def _unnamed_pins(extraction: Extraction, wanted: set[str]) -> Iterator[str]:
    """Pin shapes (datatype 16) of the top cell that lie on no net, or on one that is not a pin of the schematic."""
    opened = extraction.opened
    for conductor, numbers in extraction.by.pins.items():
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


def _set_tolerances(layout: kdb.Netlist, schematic: kdb.Netlist) -> None:
    """How sizes pair devices. Sizes that the schematic leaves out (the foundry's tie cells in CDL) pair nothing; what
    is given is compared line by line in the report in any case."""
    silent = {
        (device.device_class().name, parameter.name)
        for circuit in schematic.each_circuit()
        for device in circuit.each_device()
        for parameter in device.device_class().parameter_definitions()
        if device.parameter(parameter.id()) == 0
    }
    for kind in layout.each_device_class():
        rule: kdb.EqualDeviceParameters | None = None
        for parameter in kind.parameter_definitions():
            exact = parameter.name in COMPARED and (kind.name, parameter.name) not in silent
            one = (
                kdb.EqualDeviceParameters(parameter.id(), SIZE_TOLERANCE_UM, 0.0)
                if exact
                else kdb.EqualDeviceParameters.ignore(parameter.id())
            )
            rule = one if rule is None else rule + one
        if rule is not None:
            kind.equal_parameters = rule


def _main(arguments: list[str]) -> int:
    """Print every mismatch of GDS TOP against NETLIST."""
    if len(arguments) not in (3, 4):
        print("usage: python -m somaforge.flow.checks.lvs LAYOUT NETLIST TOP [NETLIST_TOP]", file=sys.stderr)
        return 2
    layout, netlist, top = Path(arguments[0]), Path(arguments[1]), arguments[2]
    try:
        with tempfile.TemporaryDirectory() as scratch:
            named = arguments[3] if len(arguments) == 4 else None
            result = run(load(default()), layout, netlist, top, Path(scratch) / "lvs.lvsdb", named)
    except SomaforgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for line in result.mismatches:
        print(line)
    print(f"{top}: {len(result.mismatches)} mismatches, {result.devices} transistors, {result.nets} nets in the layout")
    return 0 if result.matched else 1


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
