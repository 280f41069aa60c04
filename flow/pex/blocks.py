"""Each circuit of an extracted layout as one block of rectangles and transistors, children included.

A block is made once and stamped by numpy at every place of its circuit, so that an array costs as much Python as its
hierarchy has cells. Nets of a block: its own first, then those that begin in its children.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.elements import PlacedElement, elements, is_transistor, shares
from somaforge.flow.pex.kernel import DIFFUSION, EMPTY, POLY, SUBSTRATE, Floats, Ints, Rectangles
from somaforge.flow.pex.naming import Names
from somaforge.flow.pex.polygons import boxes_region, move, rectangles
from somaforge.pdk.sky130.connectivity import POLYGONS, Extraction

WELLS = ("nwell",)
DIFFUSIONS = ("nsd", "psd", "ntap", "ptap")
METALS = ("poly", "li", "met1", "met2", "met3", "met4", "met5")
CUTS = ("licon_n", "licon_p", "licon_poly", "mcon", "via", "via2", "via3", "via4")
"""A contact's resistance depends on what lies under it."""

_CONDUCTORS = [(SUBSTRATE, n) for n in WELLS] + [(DIFFUSION, n) for n in DIFFUSIONS]
_CONDUCTORS += [(POLY + i, n) for i, n in enumerate(METALS)]


Tables = tuple[list[Rectangles], list[Rectangles]]
"""Parts of the conductors, parts of the cuts."""


@dataclass(frozen=True)
class Transistors:
    """Transistors of a block; one entry of each array per transistor."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    """Foundry's device names, small letters."""
    nets: Ints
    """[n, 4]: drain, gate, source, bulk; EMPTY where nothing is connected."""
    size: Ints
    """[n, 2]: w, l in nm."""
    place: Ints
    """[n, 2]: nm."""
    junctions: Floats
    """[n, 4]: AD, AS in um2, PD, PS in um."""
    origin: Ints
    """[n, 2]: which of the builder's `cells` draws it, its number among that cell's own transistors."""
    cell: Ints
    """[n]: number of the instance that it stands in (the outermost one with transistors of its own: a synapse, not the
    latch in it)."""
    instances: tuple[str, ...]
    """Paths of those instances, without the dot at the end."""


@dataclass(frozen=True)
class Place:
    """Where a leaf (a block without children) stands: its outline in nm."""

    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Block:
    """A circuit, flat."""

    nets: tuple[str, ...]
    own: dict[int, int]
    """Cluster of each of the circuit's own nets -> its number in `nets`."""
    conductors: Rectangles
    cuts: Rectangles
    """`layer` counts in CUTS."""
    transistors: Transistors
    leaves: tuple[Place, ...]
    elements: tuple[PlacedElement, ...] = ()
    """Devices that are no transistors."""


class Builder:
    """Blocks of an extraction, by circuit."""

    def __init__(self, extraction: Extraction, names: Names) -> None:
        self.extraction = extraction
        self.names = names
        self.scale = extraction.opened.layout.dbu * 1000
        self.known: dict[str, Block] = {}
        self.cells: list[Block] = []

    def block(self, circuit: kdb.Circuit) -> Block:
        """The circuit's block, made once."""
        found = self.known.get(circuit.name)
        if found is None:
            found = self.known[circuit.name] = self._build(circuit)
            if any(is_transistor(device) for device in circuit.each_device()):
                self.cells.append(found)
        return found

    def _build(self, circuit: kdb.Circuit) -> Block:
        for sub in circuit.each_subcircuit():  # children first: cells are numbered in the order in which they are done
            self.block(sub.circuit_ref())
        simple = self._children_tell_all(circuit)
        cell = self.extraction.opened.layout.cell(circuit.name)
        own: dict[int, int] = {}
        names: list[str] = []
        tables: Tables = ([], [])
        for net in circuit.each_net():
            number = own[net.cluster_id] = len(names)
            names.append(self.names.net(net))
            for layer, name in _CONDUCTORS:
                region = self._shapes(net, name, not simple)
                tables[0].append(_table(layer, number, rectangles(region, self.scale)))
            for name, region in self._cuts(net, cell, not simple):
                tables[1].append(_table(CUTS.index(name), number, rectangles(region, self.scale)))
        devices = [_devices(circuit, self.names, own, len(self.cells))]
        drawn = elements(circuit, self.names, own)
        others = list(drawn)
        leaves: list[Place] = []
        if simple:
            tables[0].extend(self._floating(cell, tables[0], names, drawn, own_only=True))
        for sub in circuit.each_subcircuit():
            self._stamp(sub, own, names, tables, devices, others, leaves, shared=simple)
        if not simple:
            tables[0].extend(self._floating(cell, tables[0], names, drawn, own_only=False))
            channels = (self._drawn(cell, "diff", False) & self._drawn(cell, "poly", False)).merged()
            tables[0].append(_table(SUBSTRATE, EMPTY, rectangles(channels, self.scale)))
        conductors, cuts = (_rectangles(t) for t in tables)
        if not leaves and len(conductors.layer):
            leaves.append(Place(circuit.name, _outline(conductors.box)))
        transistors = _joined(devices)
        if len(devices[0].names):
            transistors = replace(transistors, cell=np.zeros_like(transistors.cell), instances=("",))
        return Block(tuple(names), own, conductors, cuts, transistors, tuple(leaves), tuple(others))

    def _children_tell_all(self, circuit: kdb.Circuit) -> bool:
        """Whether what the circuit's children hold and its own shapes are all there is: no flattened cells below."""
        called = {sub.circuit_ref().name for sub in circuit.each_subcircuit()}
        cell = self.extraction.opened.layout.cell(circuit.name)
        if not called or cell is None or any(True for _ in circuit.each_device()):
            return False
        layout = self.extraction.opened.layout
        if any(not self._drawn(cell, name, True).is_empty() for name in ("diff", "poly")):
            return False
        return {layout.cell(k).name for k in cell.each_child_cell()} <= called

    def _cuts(self, net: kdb.Net, cell: kdb.Cell, recursive: bool) -> Iterator[tuple[str, kdb.Region]]:
        contacts = self._shapes(net, "licon", recursive)
        if not contacts.is_empty():
            on_poly, rest = contacts.split_inside(self._drawn(cell, "poly", False))
            in_well, outside = rest.split_inside(self._drawn(cell, "nwell", False))
            yield from (("licon_poly", on_poly), ("licon_p", in_well), ("licon_n", outside))
        for name in CUTS[CUTS.index("mcon") :]:
            yield name, self._shapes(net, name, recursive)

    def _shapes(self, net: kdb.Net, conductor: str, recursive: bool) -> kdb.Region:
        extraction = self.extraction
        if recursive:
            return extraction.shapes(net, conductor)
        found = extraction.lvs.shapes_of_net(net, extraction.regions[conductor], False)
        if not isinstance(found, kdb.Region):
            raise TypeError(f"{conductor} is not a polygon layer")
        return found.merged()

    def _stamp(
        self, sub: kdb.SubCircuit, own: dict[int, int], names: list[str], tables: Tables,
        devices: list[Transistors], others: list[PlacedElement], leaves: list[Place], *, shared: bool,
    ) -> None:  # fmt: skip
        """Add a child. `shared`: with its parts of nets that go on in the parent."""
        circuit = sub.circuit_ref()
        child = self.block(circuit)
        number = np.full(len(child.nets) + 1, EMPTY, dtype=np.int32)  # the last is EMPTY's
        for pin in circuit.each_pin():
            above, below = sub.net_for_pin(pin.id()), circuit.net_for_pin(pin.id())
            if above is not None and below is not None:
                number[child.own[below.cluster_id]] = own[above.cluster_id]
        inner = number[:-1] == EMPTY
        number[:-1][inner] = len(names) + np.arange(int(inner.sum()))
        prefix = self.names.child(sub)
        names.extend(prefix + child.nets[k] for k in np.flatnonzero(inner).tolist())
        for table, part in zip(tables, (child.conductors, child.cuts), strict=True):
            if not shared:
                part = part.take((part.net != EMPTY) & np.append(inner, False)[part.net])
            table.append(Rectangles(part.layer, move(part.box, sub.trans), number[part.net]))
        t = child.transistors
        corner = move(np.concatenate((t.place, t.place), axis=1), sub.trans)[:, :2]
        own_names = tuple(prefix + n for n in t.names)
        instances = tuple((prefix + i).rstrip(".") for i in t.instances)
        nets = number[t.nets]
        others.extend(element.below(prefix, number.tolist()) for element in child.elements)
        devices.append(Transistors(own_names, t.kinds, nets, t.size, corner, t.junctions, t.origin, t.cell, instances))
        boxes = move(np.array([p.box for p in child.leaves], dtype=np.int64).reshape(-1, 4), sub.trans).tolist()
        leaves.extend(Place(p.name, (b[0], b[1], b[2], b[3])) for p, b in zip(child.leaves, boxes, strict=True))

    def _drawn(self, cell: kdb.Cell, layer: str, own_only: bool) -> kdb.Region:
        layout = self.extraction.opened.layout
        index = layout.find_layer(*POLYGONS[layer])
        if index is None:
            return kdb.Region()
        return (
            kdb.Region(cell.shapes(index)) if own_only else kdb.Region(kdb.RecursiveShapeIterator(layout, cell, index))
        )

    def _floating(
        self,
        cell: kdb.Cell,
        tables: Sequence[Rectangles],
        names: list[str],
        own: Sequence[PlacedElement],
        *,
        own_only: bool,
    ) -> list[Rectangles]:
        """Metal and poly that the netlist does not know: it shields and couples all the same. Bodies of resistors are
        their ends' (`elements.shares`)."""
        known = _rectangles(tables)
        found, count = [], 0
        for i, name in enumerate(METALS):
            drawn = self._drawn(cell, name, own_only)
            if drawn.is_empty():
                continue
            here = known.take(known.layer == POLY + i)
            seen = self._region(here)
            # Slanted edges were made stairs: what is thinner than a stair is no conductor of its own.
            rest = (drawn - seen).sized(-10).sized(10)
            ends = {n: self._region(here.take(here.net == n)) for e in own for n in e.nets}
            for polygon in rest.merged().each():
                halves = shares(polygon, own, ends, self.scale / 1000)
                found += [_table(POLY + i, net, rectangles(half.merged(), self.scale)) for net, half in halves]
                if halves:
                    continue
                count += 1
                names.append(f"floating_{count}")
                found.append(_table(POLY + i, len(names) - 1, rectangles(kdb.Region(polygon), self.scale)))
        return found

    def _region(self, table: Rectangles) -> kdb.Region:
        """Boxes in nm as a region of the layout."""
        return boxes_region(np.rint(table.box / self.scale).astype(np.int64).tolist())


def _table(layer: int, net: int, boxes: Sequence[Sequence[int]]) -> Rectangles:
    layers, nets = (np.full(len(boxes), v, dtype=np.int32) for v in (layer, net))
    return Rectangles(layers, np.array(boxes, dtype=np.int32).reshape(-1, 4), nets)


def _rectangles(parts: Sequence[Rectangles]) -> Rectangles:
    if not parts:
        return _table(0, 0, [])
    layers, boxes, nets = (np.concatenate([getattr(p, k) for p in parts]) for k in ("layer", "box", "net"))
    return Rectangles(layers, boxes, nets)


def _outline(boxes: Ints) -> tuple[int, int, int, int]:
    return int(boxes[:, 0].min()), int(boxes[:, 1].min()), int(boxes[:, 2].max()), int(boxes[:, 3].max())


def _devices(circuit: kdb.Circuit, names: Names, own: dict[int, int], cell: int) -> Transistors:
    """The circuit's own transistors."""
    found = [device for device in circuit.each_device() if is_transistor(device)]

    def net(device: kdb.Device, terminal: str) -> int:
        at = device.net_for_terminal(device.device_class().terminal_id(terminal))
        return own[at.cluster_id] if at is not None else EMPTY

    def table(rows: list[list[int]], columns: int) -> Ints:
        return np.array(rows, dtype=np.int64).reshape(-1, columns)

    junctions = [[d.parameter(k) for k in ("AD", "AS", "PD", "PS")] for d in found]
    return Transistors(
        tuple(names.device(d) for d in found),
        tuple(d.device_class().name.lower() for d in found),
        table([[net(d, t) for t in "DGSB"] for d in found], 4),
        table([[round(d.parameter(k) * 1000) for k in ("W", "L")] for d in found], 2),
        table([[round(d.trans.disp.x * 1000), round(d.trans.disp.y * 1000)] for d in found], 2),
        np.array(junctions, dtype=np.float64).reshape(-1, 4),
        table([[cell, k] for k in range(len(found))], 2),
        np.zeros(len(found), dtype=np.int32),
        ("",) if found else (),
    )


def _joined(parts: Sequence[Transistors]) -> Transistors:
    first = np.cumsum([0, *(len(p.instances) for p in parts)])
    return Transistors(
        tuple(n for p in parts for n in p.names),
        tuple(k for p in parts for k in p.kinds),
        np.concatenate([p.nets for p in parts]),
        np.concatenate([p.size for p in parts]),
        np.concatenate([p.place for p in parts]),
        np.concatenate([p.junctions for p in parts]),
        np.concatenate([p.origin for p in parts]),
        np.concatenate([p.cell + np.int32(k) for p, k in zip(parts, first, strict=False)]),
        tuple(i for p in parts for i in p.instances),
    )
