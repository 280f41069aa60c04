"""Net by net geometry of an extracted layout, flat, with the names that the caller wants."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.kernel import DIFFUSION, EMPTY, POLY, SUBSTRATE, Ints, Rectangles
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.connectivity import POLYGONS, Extraction

WELLS = ("nwell",)
DIFFUSIONS = ("nsd", "psd", "ntap", "ptap")
METALS = ("poly", "li", "met1", "met2", "met3", "met4", "met5")
CUTS = ("licon", "mcon", "via", "via2", "via3", "via4")

_SLICE_NM = 50
"""Slanted shapes become stairs of this height."""


@dataclass(frozen=True)
class PlacedDevice:
    """A transistor of the layout."""

    name: str
    device: str
    d: str
    g: str
    s: str
    b: str
    w_nm: int
    l_nm: int
    x_nm: int
    y_nm: int
    junctions: tuple[float, float, float, float]
    """Area of drain and source in um2, perimeter of drain and source in um; shared diffusion is divided."""


@dataclass(frozen=True)
class Geometry:
    """A flat, net-labelled layout. Net 0 is the substrate."""

    nets: tuple[str, ...]
    conductors: Rectangles
    cuts: Rectangles
    """`layer` counts in CUTS."""
    devices: tuple[PlacedDevice, ...]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Names:
    """How nets, instances and devices of one layout circuit are called in the flat result."""

    net: Callable[[kdb.Net], str]
    child: Callable[[kdb.SubCircuit], "Names"]
    device: Callable[[kdb.Device], str]


class _Shapes:
    """Rectangles of the nets of circuits, each found once; in nm."""

    def __init__(self, extraction: Extraction) -> None:
        self.extraction = extraction
        self.scale = extraction.opened.layout.dbu * 1000
        self.layers: list[tuple[int, bool, str]] = [(SUBSTRATE, False, name) for name in WELLS]
        self.layers += [(DIFFUSION, False, name) for name in DIFFUSIONS]
        self.layers += [(POLY + i, False, name) for i, name in enumerate(METALS)]
        self.layers += [(i, True, name) for i, name in enumerate(CUTS)]
        self.known: dict[tuple[str, int], list[tuple[int, bool, kdb.Region]]] = {}

    def of_net(self, net: kdb.Net) -> list[tuple[int, bool, kdb.Region]]:
        """(layer, is a cut, merged region) of the whole net below its circuit."""
        key = (net.circuit().name, net.cluster_id)
        found = self.known.get(key)
        if found is None:
            found = []
            for layer, cut, name in self.layers:
                shapes = self.extraction.shapes(net, name)
                if not shapes.is_empty():
                    found.append((layer, cut, shapes))
            self.known[key] = found
        return found


def boxes_region(boxes: Iterable[Sequence[int]]) -> kdb.Region:
    """Boxes (left, bottom, right, top) as a merged region."""
    region = kdb.Region()
    for box in boxes:
        region.insert(kdb.Box(*box))
    return region.merged()


def rectangles(region: kdb.Region, scale: float) -> list[tuple[int, int, int, int]]:
    """A merged region as boxes in nm; slanted parts become stairs of the same area."""
    boxes: list[tuple[int, int, int, int]] = []
    for polygon in region.each():
        for part in polygon.decompose_trapezoids():
            boxes.extend(_stairs(part, scale))
    return boxes


def _stairs(part: kdb.SimplePolygon, scale: float) -> Iterator[tuple[int, int, int, int]]:
    box = part.bbox()
    left, bottom, right, top = (round(v * scale) for v in (box.left, box.bottom, box.right, box.top))
    if part.is_box():
        yield left, bottom, right, top
        return
    points = [(p.x * scale, p.y * scale) for p in part.each_point()]
    low = sorted(x for x, y in points if round(y) == bottom)
    high = sorted(x for x, y in points if round(y) == top)
    steps = max(1, (top - bottom) // _SLICE_NM)
    for k in range(steps):
        t = (k + 0.5) / steps
        x0, x1 = (round(a + (b - a) * t) for a, b in ((low[0], high[0]), (low[-1], high[-1])))
        y0, y1 = (bottom + (top - bottom) * n // steps for n in (k, k + 1))
        if x1 > x0 and y1 > y0:
            yield x0, y0, x1, y1


class _Collector:
    """Walks the circuits from the top and gathers every net where it begins."""

    def __init__(self, extraction: Extraction) -> None:
        self.shapes = _Shapes(extraction)
        self.nets: dict[str, int] = {}
        self.parts: tuple[list[Ints], list[Ints]] = ([], [])
        self.devices: list[PlacedDevice] = []
        self.boxes: dict[tuple[str, int], list[tuple[int, bool, Ints]]] = {}

    def index(self, name: str) -> int:
        return self.nets.setdefault(name, len(self.nets))

    def walk(self, circuit: kdb.Circuit, trans: kdb.DCplxTrans, names: Names, outer: Mapping[int, str]) -> None:
        """`outer`: names of the circuit's nets (by cluster) that belong to nets of the circuits above."""
        own: dict[int, str] = {}
        for net in circuit.each_net():
            name = outer.get(net.cluster_id)
            if name is None:
                name = names.net(net)
                self.stamp(net, trans, self.index(name))
            own[net.cluster_id] = name
        for device in circuit.each_device():
            self.place(device, trans, names.device(device), own)
        for sub in circuit.each_subcircuit():
            inner: dict[int, str] = {}
            child = sub.circuit_ref()
            for pin in child.each_pin():
                above, below = sub.net_for_pin(pin.id()), child.net_for_pin(pin.id())
                if above is not None and below is not None:
                    inner[below.cluster_id] = own[above.cluster_id]
            self.walk(child, trans * sub.trans, names.child(sub), inner)

    def stamp(self, net: kdb.Net, trans: kdb.DCplxTrans, index: int) -> None:
        key = (net.circuit().name, net.cluster_id)
        if key not in self.boxes:
            self.boxes[key] = [
                (layer, cut, np.array(rectangles(region, self.shapes.scale), dtype=np.int64).reshape(-1, 4))
                for layer, cut, region in self.shapes.of_net(net)
            ]
        for layer, cut, boxes in self.boxes[key]:
            moved = _move(boxes, trans)
            labels = np.tile(np.array([layer, index], dtype=np.int64), (len(moved), 1))
            self.parts[cut].append(np.concatenate((labels, moved), axis=1))

    def place(self, device: kdb.Device, trans: kdb.DCplxTrans, name: str, nets: Mapping[int, str]) -> None:
        def net(terminal: str) -> str:
            found = device.net_for_terminal(device.device_class().terminal_id(terminal))
            return nets[found.cluster_id] if found is not None else "unconnected"

        at = (trans * device.trans).disp
        self.devices.append(
            PlacedDevice(
                name, device.device_class().name.lower(), net("D"), net("G"), net("S"), net("B"),
                round(device.parameter("W") * 1000), round(device.parameter("L") * 1000),
                round(at.x * 1000), round(at.y * 1000),
                (device.parameter("AD"), device.parameter("AS"), device.parameter("PD"), device.parameter("PS")),
            )
        )  # fmt: skip

    def add_floating(self) -> None:
        """Metal and poly that the netlist does not know: it shields and couples all the same."""
        known = self.rectangles(False)
        scale = self.shapes.scale
        count = 0
        for i, name in enumerate(METALS):
            boxes = known.box[known.layer == POLY + i]
            seen = boxes_region([[round(v / scale) for v in box] for box in boxes.tolist()])
            # Slanted edges were made stairs: what is thinner than a stair is no conductor of its own.
            rest = (_drawn(self.shapes.extraction, name) - seen).sized(-10).sized(10)
            for polygon in rest.merged().each():
                count += 1
                boxes = np.array(rectangles(kdb.Region(polygon), scale), dtype=np.int64).reshape(-1, 4)
                labels = np.tile(np.array([POLY + i, self.index(f"floating_{count}")]), (len(boxes), 1))
                self.parts[False].append(np.concatenate((labels, boxes), axis=1))

    def rectangles(self, cuts: bool) -> Rectangles:
        parts = self.parts[cuts]
        table = np.concatenate(parts) if parts else np.zeros((0, 6), dtype=np.int64)
        return Rectangles(table[:, 0], table[:, 2:], table[:, 1])


def _move(boxes: Ints, trans: kdb.DCplxTrans) -> Ints:
    """Boxes in nm through a placement (multiples of 90 degrees, mirrored or not)."""
    angle, sign = round(trans.angle) % 360, -1 if trans.is_mirror() else 1
    c, s = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[angle]
    x, y = boxes[:, [0, 2]], boxes[:, [1, 3]] * sign
    dx, dy = round(trans.disp.x * 1000), round(trans.disp.y * 1000)
    u, v = c * x - s * y + dx, s * x + c * y + dy
    return np.stack((u.min(1), v.min(1), u.max(1), v.max(1)), axis=1)


def collect(extraction: Extraction, names: Names) -> Geometry:
    """Every net of the extraction's top circuit with its rectangles; metal that is on no net becomes `floating_<k>`."""
    collector = _Collector(extraction)
    collector.index("")
    collector.walk(extraction.top, kdb.DCplxTrans(), names, {})
    substrate = _substrate_net(collector.devices)
    collector.add_floating()
    # The walk gave the substrate's net an index of its own if it has shapes: fold it into net 0.
    order = list(collector.nets)
    order[0] = substrate
    fold = np.arange(len(order))
    again = collector.nets.get(substrate)
    if again is not None:
        fold[again] = 0
        fold[again + 1 :] -= 1
        del order[again]
    conductors, cuts = collector.rectangles(False), collector.rectangles(True)
    channels = (_drawn(extraction, "diff") & _drawn(extraction, "poly")).merged()
    gates = np.array(rectangles(channels, collector.shapes.scale), dtype=np.int64).reshape(-1, 4)
    conductors = Rectangles(
        np.concatenate((conductors.layer, np.full(len(gates), SUBSTRATE))),
        np.concatenate((conductors.box, gates)),
        np.concatenate((fold[conductors.net], np.full(len(gates), EMPTY))),
    )
    if not len(conductors.layer):
        raise InputError(f"cell {extraction.opened.cell.name}: nothing conducts in it")
    b = conductors.box
    box = (int(b[:, 0].min()), int(b[:, 1].min()), int(b[:, 2].max()), int(b[:, 3].max()))
    cuts = Rectangles(cuts.layer, cuts.box, fold[cuts.net])
    return Geometry(tuple(order), conductors, cuts, tuple(collector.devices), box)


def _drawn(extraction: Extraction, layer: str) -> kdb.Region:
    opened = extraction.opened
    index = opened.layout.find_layer(*POLYGONS[layer])
    return kdb.Region() if index is None else kdb.Region(kdb.RecursiveShapeIterator(opened.layout, opened.cell, index))


def _substrate_net(devices: list[PlacedDevice]) -> str:
    """The bulk of the n-channel transistors; "vsubs" where there is none."""
    counts: dict[str, int] = {}
    for d in devices:
        if "nfet" in d.device:
            counts[d.b] = counts.get(d.b, 0) + 1
    return max(counts, key=lambda k: counts[k]) if counts else "vsubs"
