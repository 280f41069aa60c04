"""What conducts and what is a transistor in a sky130 layout: extraction of a netlist with the geometry of every net.

Devices: the MOS transistors of the 1.8 V and 5 V families. A layout with any other device on the mask (resistors,
diodes marked as such, capacitors, bipolars, native and SONOS transistors) is refused, because it would be read as
wire or as a transistor that it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.gds import DRAWN, LABELS, SUBSTRATE_LABEL

SUBSTRATE = "SUB"
"""Internal name of the substrate net before a label names it."""

_WITHOUT_CURRENT = ("dnwell", "npc", "nsdm", "psdm", "areaid_sc", "boundary")
POLYGONS = {name: numbers for name, numbers in DRAWN.items() if name not in _WITHOUT_CURRENT}
"""Layers that make nets and transistors."""

UNSUPPORTED: dict[str, tuple[int, int]] = {
    "dnwell (deep nwell)": DRAWN["dnwell"],
    "poly resistor": (66, 13),
    "diffusion resistor": (65, 13),
    "nwell resistor": (64, 13),
    "npn": (82, 20),
    "pnp": (82, 44),
    "capm (MiM capacitor)": (89, 44),
    "cap2m (MiM capacitor)": (97, 44),
    "native transistor": (124, 21),
    "tunm (SONOS)": (80, 20),
    "diode": (81, 23),
    "inductor": (82, 24),
    "li resistor": (67, 13),
    "met1 resistor": (68, 13),
    "met2 resistor": (69, 13),
    "met3 resistor": (70, 13),
    "met4 resistor": (71, 13),
    "met5 resistor": (72, 13),
}

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

_PREFIX = "sky130_fd_pr__"
DEVICE_NAMES: tuple[str, ...] = tuple(
    _PREFIX + name
    for name in (
        "nfet_01v8",
        "nfet_01v8_lvt",
        "pfet_01v8",
        "pfet_01v8_lvt",
        "pfet_01v8_hvt",
        "nfet_g5v0d10v5",
        "pfet_g5v0d10v5",
    )
)
# Netlist names of devices that no mask layer tells from another: the foundry's standard cells call their narrow
# n-channel transistors "special" (sky130_fd_pr/cells/nfet_01v8).
SAME_DEVICE: dict[str, str] = {_PREFIX + "special_nfet_01v8": _PREFIX + "nfet_01v8"}


@dataclass(frozen=True)
class Extraction:
    """A layout's netlist and the geometry behind it."""

    opened: OpenLayout
    lvs: kdb.LayoutVsSchematic
    regions: Mapping[str, kdb.Region]
    """Conductor name (CONDUCTORS and nwell) -> region; give it to `shapes`."""
    whole: kdb.Netlist | None = None
    """The netlist as it was, if circuits of `lvs.netlist()` were put in their parents since."""

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


def extract(layout: Path | OpenLayout, top: str | None = None, *, flat: bool = False, threads: int = 2) -> Extraction:
    """Transistors, nets and their geometry of `layout`.

    `flat` True makes one circuit of it all (labels of sub-cells are dropped, they are not names of the top cell).
    InputError if the layout cannot be read or holds devices that are not supported.
    """
    opened = layout if isinstance(layout, OpenLayout) else open_layout(layout, top)
    _refuse_other_devices(opened)
    if flat:
        opened = _flattened(opened)
    lvs = kdb.LayoutVsSchematic(kdb.RecursiveShapeIterator(opened.layout, opened.cell, []))
    lvs.name = "sky130"
    lvs.threads = threads
    regions = _layers(opened, lvs)
    _devices(lvs, regions)
    _connect(opened, lvs, regions)
    lvs.extract_netlist()
    _name_substrate(opened, lvs)
    return Extraction(opened, lvs, regions)


def _refuse_other_devices(opened: OpenLayout) -> None:
    for name, numbers in UNSUPPORTED.items():
        index = opened.layout.find_layer(*numbers)
        if index is not None and not opened.cell.bbox(index).empty():
            raise InputError(
                f"cell {opened.cell.name}: layer {numbers[0]}/{numbers[1]} marks a device "
                f"that cannot be extracted ({name})"
            )


def _flattened(opened: OpenLayout) -> OpenLayout:
    copy = opened.layout.dup()
    cell = copy.cell(opened.cell.name)
    for index in cell.called_cells():
        below = copy.cell(index)
        for numbers in (*LABELS.values(), SUBSTRATE_LABEL):
            shapes = below.shapes(copy.layer(*numbers))
            for text in list(shapes.each(kdb.Shapes.STexts)):
                shapes.erase(text)
    copy.flatten(cell.cell_index(), -1, True)
    return OpenLayout(copy, cell)


def _layers(opened: OpenLayout, lvs: kdb.LayoutVsSchematic) -> dict[str, kdb.Region]:
    drawn = {name: lvs.make_polygon_layer(opened.layout.layer(*n), name) for name, n in POLYGONS.items()}
    nwell, diff, poly = drawn["nwell"], drawn["diff"], drawn["poly"]
    gate = diff & poly
    source_drain = diff - poly
    derived = {
        "pgate": gate & nwell,
        "ngate": gate - nwell,
        "psd": source_drain & nwell,
        "nsd": source_drain - nwell,
        # Poly over a tap is a varactor, not a wire: the tap ends there.
        "ntap": (drawn["tap"] - poly) & nwell,
        "ptap": (drawn["tap"] - poly) - nwell,
        "bulk": lvs.make_layer("bulk"),
    }
    for name, region in derived.items():
        if name != "bulk":
            lvs.register(region, name)
    return drawn | derived


def _devices(lvs: kdb.LayoutVsSchematic, r: Mapping[str, kdb.Region]) -> None:
    p18, n18 = r["pgate"] - r["hvi"], r["ngate"] - r["hvi"]
    gates = {
        "nfet_01v8": (n18 - r["lvtn"], "nsd", "bulk"),
        "nfet_01v8_lvt": (n18 & r["lvtn"], "nsd", "bulk"),
        "pfet_01v8": (p18 - r["lvtn"] - r["hvtp"], "psd", "nwell"),
        "pfet_01v8_lvt": ((p18 & r["lvtn"]) - r["hvtp"], "psd", "nwell"),
        "pfet_01v8_hvt": (p18 & r["hvtp"], "psd", "nwell"),
        "nfet_g5v0d10v5": (r["ngate"] & r["hvi"], "nsd", "bulk"),
        "pfet_g5v0d10v5": (r["pgate"] & r["hvi"], "psd", "nwell"),
    }
    for name, (gate, side, body) in gates.items():
        lvs.extract_devices(
            kdb.DeviceExtractorMOS4Transistor(_PREFIX + name),
            {"SD": r[side], "G": gate, "tS": r[side], "tD": r[side], "tG": r["poly"], "W": r[body]},
        )


def _connect(opened: OpenLayout, lvs: kdb.LayoutVsSchematic, r: Mapping[str, kdb.Region]) -> None:
    for name in (*CONDUCTORS, "nwell"):
        lvs.connect(r[name])
    for upper, lower in CONTACTS:
        lvs.connect(r[upper], r[lower])
    # Wells tie devices to taps but are no wires: two nets joined by a well alone are an error (soft connection).
    lvs.soft_connect(r["ntap"], r["nwell"])
    lvs.connect_global(r["bulk"], SUBSTRATE)
    lvs.soft_connect_global(r["ptap"], SUBSTRATE)
    for name, numbers in LABELS.items():
        lvs.connect(r[name], lvs.make_text_layer(opened.layout.layer(*numbers), f"{name}_label"))


def _name_substrate(opened: OpenLayout, lvs: kdb.LayoutVsSchematic) -> None:
    """Name the substrate by its labels: metal on its taps, or a pwell label in each cell."""
    layout = opened.layout
    index = layout.find_layer(*SUBSTRATE_LABEL)
    for circuit in lvs.netlist().each_circuit():
        net = circuit.net_by_name(SUBSTRATE) or _net_with_part(circuit, SUBSTRATE)
        if net is None:
            continue
        names = [n for n in net.name.split(",") if n != SUBSTRATE]
        cell = layout.cell(circuit.name)
        if index is not None and cell is not None:
            labels = {s.text_string for s in cell.shapes(index).each(kdb.Shapes.STexts)}
            names += sorted(labels - set(names))
        if names:
            net.name = ",".join(names)


def _net_with_part(circuit: kdb.Circuit, part: str) -> kdb.Net | None:
    for net in circuit.each_net():
        if part in net.name.split(","):
            return net
    return None
