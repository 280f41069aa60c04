"""What conducts and what is a transistor in a sky130 layout: extraction of a netlist with the geometry of every net.

Devices: those of `devices.DEVICES`, recognised by `recognition`. A layout with any other device on the mask is refused,
because it would be read as wire or as a device that it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.devices import polarized
from somaforge.pdk.sky130.gds import DRAWN, LABELS, PINS, SUBSTRATE_LABEL
from somaforge.pdk.sky130.prepare import BULK, flattened, without_devices, without_magnified
from somaforge.pdk.sky130.recognition import PLATE_CONTACTS, conducting, extract_devices
from somaforge.pdk.sky130.refusal import present, refuse

SUBSTRATE = "SUB"
"""Internal name of the substrate net before a label names it."""

_WITHOUT_CURRENT = ("dnwell", "npc", "nsdm", "psdm", "areaid_sc", "boundary")
POLYGONS = {name: numbers for name, numbers in DRAWN.items() if name not in _WITHOUT_CURRENT}
"""Layers that make nets and transistors."""

# (upper conductor, lower conductor): joined where they touch.
CONTACTS: tuple[tuple[str, str], ...] = (
    ("psd", "licon"),
    ("nsd", "licon"),
    ("ntap", "licon"),
    ("ptap", "licon"),
    ("poly", "licon"),
    ("licon", "li"),
    ("li", "mcon"),
    ("mcon", "met1"),
    ("met1", "via"),
    ("via", "met2"),
    ("met2", "via2"),
    ("via2", "met3"),
    ("met3", "via3"),
    ("via3", "met4"),
    ("met4", "via4"),
    ("via4", "met5"),
)

CONDUCTORS: tuple[str, ...] = tuple(dict.fromkeys(n for pair in CONTACTS for n in pair))


@dataclass(frozen=True)
class Extraction:
    """A layout's netlist and the geometry behind it."""

    opened: OpenLayout
    lvs: kdb.LayoutVsSchematic
    regions: Mapping[str, kdb.Region]
    """Conductor name (CONDUCTORS and nwell) -> region; give it to `shapes`."""
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

    def shapes(self, net: kdb.Net, conductor: str) -> kdb.Region:
        """Merged shapes of `net` on `conductor`, sub-cells included, in the coordinates of the net's cell."""
        found = self.lvs.shapes_of_net(net, self.regions[conductor], True)
        if not isinstance(found, kdb.Region):
            raise TypeError(f"{conductor} is not a polygon layer")
        return found.merged()


def substrate_labels(opened: OpenLayout) -> frozenset[str]:
    """Names that the checked cell gives to the substrate itself."""
    index = opened.layout.find_layer(*SUBSTRATE_LABEL)
    if index is None:
        return frozenset()
    return frozenset(s.text_string for s in opened.cell.shapes(index).each(kdb.Shapes.STexts))


def extract(
    layout: Path | OpenLayout,
    top: str | None = None,
    *,
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
        opened = without_devices(opened, blackboxes)
    if flat:
        opened = flattened(opened)
    lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(opened.layout, opened.cell, []))
    lvs.name = "sky130"
    lvs.threads = threads
    layers = present(opened)
    known: dict[tuple[int, int], kdb.Region] = {}

    def layer(numbers: tuple[int, int]) -> kdb.Region:
        if numbers not in known:
            known[numbers] = lvs.make_polygon_layer(opened.layout.layer(*numbers), f"l{numbers[0]}_{numbers[1]}")
        return known[numbers]

    for name, numbers in POLYGONS.items():
        known[numbers] = lvs.make_polygon_layer(opened.layout.layer(*numbers), name)
    refuse(opened, layers, layer)
    regions = conducting(lvs, layers, layer)
    regions["bulk"] = lvs.make_polygon_layer(opened.layout.layer(BULK), "bulk")
    extract_devices(lvs, layers, layer, regions)
    _connect(opened, lvs, regions)
    lvs.extract_netlist()
    for kind in lvs.netlist().each_device_class():
        polarized(kind)
    substrate = _name_substrate(opened, lvs)
    return Extraction(opened, lvs, regions, cells, substrate=substrate)


def _connect(opened: OpenLayout, lvs: kdb.LayoutVsSchematic, r: Mapping[str, kdb.Region]) -> None:
    for name in (*CONDUCTORS, "nwell"):
        lvs.connect(r[name])
    for upper, lower in CONTACTS:
        lvs.connect(r[upper], r[lower])
    for plate, (via, metal) in PLATE_CONTACTS.items():
        if plate in r:
            for name in (plate, f"{via}_{plate}"):
                lvs.connect(r[name])
            lvs.connect(r[plate], r[f"{via}_{plate}"])
            lvs.connect(r[f"{via}_{plate}"], r[metal])
    # Wells tie devices to taps but are no wires: two nets joined by a well alone are an error (soft connection).
    lvs.soft_connect(r["ntap"], r["nwell"])
    lvs.connect_global(r["bulk"], SUBSTRATE)
    lvs.soft_connect_global(r["ptap"], SUBSTRATE)
    for name, numbers in LABELS.items():
        lvs.connect(r[name], lvs.make_text_layer(opened.layout.layer(*numbers), f"{name}_label"))
    # Names may stand on the purpose of pins as well (magic and OpenROAD write them there).
    for name, numbers in PINS.items():
        lvs.connect(r[name], lvs.make_text_layer(opened.layout.layer(*numbers), f"{name}_pin"))


def _name_substrate(opened: OpenLayout, lvs: kdb.LayoutVsSchematic) -> int | None:
    """Name the substrate by its labels: metal on its taps, or a pwell label in each cell. Its cluster in the top."""
    layout, found = opened.layout, None
    index = layout.find_layer(*SUBSTRATE_LABEL)
    for circuit in lvs.netlist().each_circuit():
        net = circuit.net_by_name(SUBSTRATE) or _net_with_part(circuit, SUBSTRATE)
        if net is None:
            continue
        if circuit.name == opened.cell.name:
            found = int(net.cluster_id)
        names = [n for n in net.name.split(",") if n != SUBSTRATE]
        cell = layout.cell(circuit.name)
        if index is not None and cell is not None:
            labels = {s.text_string for s in cell.shapes(index).each(kdb.Shapes.STexts)}
            names += sorted(labels - set(names))
        if names:
            net.name = ",".join(names)
    return found


def _net_with_part(circuit: kdb.Circuit, part: str) -> kdb.Net | None:
    for net in circuit.each_net():
        if part in net.name.split(","):
            return net
    return None
