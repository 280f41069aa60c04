"""A layout's netlist with the geometry of every net, by the connectivity of its process.

A layout with a device on the mask that is none of the process's list is refused, because it would be read as wire or
as a device that it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.connectivity import Connectivity, Contact, Numbers
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.netlist_devices import polarized
from somaforge.pdk.prepare import BULK, flattened, without_devices, without_magnified

SUBSTRATE = "SUB (substrate)"
"""Name of the substrate's net before a label names it: none that a label has (a wire may well be called SUB)."""


@dataclass(frozen=True)
class Extraction:
    """A layout's netlist and the geometry behind it."""

    by: Connectivity
    opened: OpenLayout
    lvs: kdb.LayoutVsSchematic
    regions: Mapping[str, kdb.Region]
    """Conductor or well -> region; give it to `shapes`."""
    cells: frozenset[str]
    """Names (small letters) of the cells that are called below the checked one, before anything was flattened."""
    whole: kdb.Netlist | None = None
    """The netlist as it was, if circuits of `lvs.netlist()` were put in their parents since."""
    substrate: int | None = None
    """Cluster of the top circuit's net that is the substrate; None if nothing in it is connected to it."""

    @property
    def netlist(self) -> kdb.Netlist:
        """The extracted netlist, with the layout's circuits; W and L in um."""
        return self.lvs.netlist() if self.whole is None else self.whole

    @property
    def top(self) -> kdb.Circuit:
        """The circuit of the checked cell. InputError if it holds nothing that conducts."""
        for circuit in self.netlist.each_circuit():
            if circuit.name == self.opened.cell.name:
                return circuit
        raise InputError(f"cell {self.opened.cell.name}: nothing conducts in it")

    @property
    def substrate_labels(self) -> frozenset[str]:
        """Names that the checked cell gives to the substrate itself."""
        opened, numbers = self.opened, self.by.substrate_label
        index = None if numbers is None else opened.layout.find_layer(*numbers)
        if index is None:
            return frozenset()
        return frozenset(s.text_string for s in opened.cell.shapes(index).each(kdb.Shapes.STexts))

    def shapes(self, net: kdb.Net, conductor: str) -> kdb.Region:
        """Merged shapes of `net` on `conductor`, sub-cells included, in the coordinates of the net's cell."""
        found = self.lvs.shapes_of_net(net, self.regions[conductor], True)
        if not isinstance(found, kdb.Region):
            raise TypeError(f"{conductor} is not a polygon layer")
        return found.merged()


def present(opened: OpenLayout) -> list[Numbers]:
    """Layers with shapes (texts apart) below the cell."""
    layout = opened.layout
    found = []
    for index in layout.layer_indexes():
        if not opened.cell.bbox(index).empty():
            info = layout.get_info(index)
            found.append((info.layer, info.datatype))
    return found


def extract(
    layout: Path | OpenLayout,
    top: str | None = None,
    *,
    by: Connectivity,
    flat: bool = False,
    threads: int = 2,
    blackboxes: frozenset[str] = frozenset(),
) -> Extraction:
    """Devices, nets and their geometry of `layout`.

    `flat` True makes one circuit of it all (labels of sub-cells are dropped, they are not names of the top cell).
    `blackboxes`: names of cells (small letters) in which wires are read and devices are not.
    InputError if the layout cannot be read or holds devices that are not supported.
    """
    opened = layout if isinstance(layout, OpenLayout) else open_layout(layout, top)
    cells = frozenset(opened.layout.cell(k).name.lower() for k in opened.cell.called_cells())
    opened = without_magnified(opened)
    if blackboxes:
        opened = without_devices(opened, blackboxes, by)
    if flat:
        opened = flattened(opened, by)
    lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(opened.layout, opened.cell, []))
    lvs.name = by.name
    lvs.threads = threads
    layers = present(opened)
    known: dict[Numbers, kdb.Region] = {}

    def layer(numbers: Numbers) -> kdb.Region:
        if numbers not in known:
            known[numbers] = lvs.make_polygon_layer(opened.layout.layer(*numbers), f"l{numbers[0]}_{numbers[1]}")
        return known[numbers]

    for name, numbers in by.layers.items():
        known[numbers] = lvs.make_polygon_layer(opened.layout.layer(*numbers), name)
    by.recognition.refuse(opened, layers, layer)
    found = by.recognition.conducting(lvs, layers, layer)
    regions = {**found.regions, "bulk": lvs.make_polygon_layer(opened.layout.layer(BULK), "bulk")}
    by.recognition.devices(lvs, layers, layer, regions)
    _connect(opened, lvs, by, found.more, regions)
    lvs.extract_netlist()
    for kind in lvs.netlist().each_device_class():
        polarized(kind)
        kind.description = kind.name.removeprefix(by.devices.prefix)
    substrate = _name_substrate(opened, lvs, by)
    return Extraction(by, opened, lvs, regions, cells, substrate=substrate)


def _connect(
    opened: OpenLayout,
    lvs: kdb.LayoutVsSchematic,
    by: Connectivity,
    more: tuple[Contact, ...],
    r: Mapping[str, kdb.Region],
) -> None:
    for name in (*by.conductors, *by.wells):
        lvs.connect(r[name])
    for upper, lower in by.contacts:
        lvs.connect(r[upper], r[lower])
    known = {*by.conductors, *by.wells}
    for pair in more:
        for name in pair:
            if name not in known:
                known.add(name)
                lvs.connect(r[name])
        lvs.connect(r[pair[0]], r[pair[1]])
    # Wells tie devices to taps but are no wires: two nets joined by a well alone are an error (soft connection).
    for tap, well in by.well_taps:
        lvs.soft_connect(r[tap], r[well])
    lvs.connect_global(r["bulk"], SUBSTRATE)
    for tap in by.substrate_taps:
        lvs.soft_connect_global(r[tap], SUBSTRATE)
    for name, numbers in by.labels.items():
        lvs.connect(r[name], lvs.make_text_layer(opened.layout.layer(*numbers), f"{name}_label"))
    # Names may stand on the purpose of pins as well (magic and OpenROAD write them there).
    for name, numbers in by.pins.items():
        lvs.connect(r[name], lvs.make_text_layer(opened.layout.layer(*numbers), f"{name}_pin"))


def _name_substrate(opened: OpenLayout, lvs: kdb.LayoutVsSchematic, by: Connectivity) -> int | None:
    """Name the substrate by its labels: metal on its taps, or its own label in each cell. Its cluster in the top."""
    layout, cluster = opened.layout, None
    index = None if by.substrate_label is None else layout.find_layer(*by.substrate_label)
    for circuit in lvs.netlist().each_circuit():
        found = [net for net in circuit.each_net() if SUBSTRATE in net.name.split(",")]
        if not found:
            continue
        if len(found) > 1:
            raise InputError(f"cell {circuit.name}: a wire is labelled {SUBSTRATE!r}, as the substrate is called here")
        net = found[0]
        if circuit.name == opened.cell.name:
            cluster = int(net.cluster_id)
        names = [n for n in net.name.split(",") if n != SUBSTRATE]
        cell = layout.cell(circuit.name)
        if index is not None and cell is not None:
            labels = {s.text_string for s in cell.shapes(index).each(kdb.Shapes.STexts)}
            names += sorted(labels - set(names))
        if names:
            net.name = ",".join(names)
    return cluster
