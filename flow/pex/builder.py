"""Each circuit of an extracted layout as one flat cell, children included.

A flat cell is made once and stamped by numpy at every place of its circuit, so that an array costs as much Python as
its hierarchy has cells.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.elements import elements, is_transistor, shares
from somaforge.flow.pex.flat import (
    FlatCell,
    Leaf,
    Part,
    Transistors,
    all_transistors,
    joined,
    no_transistors,
    outline,
    table,
    transistors_of,
)
from somaforge.flow.pex.kernel import DIFFUSION, EMPTY, GATE, SUBSTRATE, Rectangles
from somaforge.flow.pex.naming import Names
from somaforge.flow.pex.polygons import boxes_region, move, rectangles
from somaforge.pdk.extraction import Extraction
from somaforge.pdk.interconnect import Interconnect


class Builder:
    """Flat cells of an extraction, by circuit."""

    def __init__(self, extraction: Extraction, names: Names, process: Interconnect) -> None:
        self.extraction = extraction
        self.names = names
        self.wires, self.stack = process.wires, process.stack
        self.conductors = [(SUBSTRATE, name) for name in self.stack.wells]
        self.conductors += [(DIFFUSION, name) for name in self.stack.diffusions]
        self.conductors += [(GATE + k, name) for k, name in enumerate(self.wires)]
        self.scale = extraction.opened.layout.dbu * 1000
        self.known: dict[str, FlatCell] = {}
        self.cells: list[FlatCell] = []

    def cell(self, circuit: kdb.Circuit) -> FlatCell:
        """The circuit's flat cell, made once."""
        found = self.known.get(circuit.name)
        if found is None:
            found = self.known[circuit.name] = self._build(circuit)
            if any(is_transistor(device) for device in circuit.each_device()):
                self.cells.append(found)
        return found

    def _build(self, circuit: kdb.Circuit) -> FlatCell:
        for sub in circuit.each_subcircuit():  # children first: cells are numbered in the order in which they are done
            self.cell(sub.circuit_ref())
        simple = self._children_tell_all(circuit)
        drawn = self.extraction.opened.layout.cell(circuit.name)
        own = {net.cluster_id: number for number, net in enumerate(circuit.each_net())}
        parts = [self._own(circuit, drawn, own, recursive=not simple)]
        if simple:
            parts.append(self._floating(drawn, parts[0], parts[0].conductors, len(own), own_only=True))
        first = sum(len(part.nets) for part in parts)
        for sub in circuit.each_subcircuit():
            parts.append(self._stamped(sub, own, first, shared=simple))
            first += len(parts[-1].nets)
        if not simple:
            known = joined([part.conductors for part in parts])
            parts.append(self._floating(drawn, parts[0], known, first, own_only=False))
            parts.append(self._channels(drawn))
        return self._whole(circuit.name, own, parts)

    def _whole(self, name: str, own: dict[int, int], parts: Sequence[Part]) -> FlatCell:
        conductors = joined([part.conductors for part in parts])
        leaves = tuple(leaf for part in parts for leaf in part.leaves)
        if not leaves and len(conductors.layer):
            leaves = (Leaf(name, outline(conductors.box)),)
        transistors = all_transistors([part.transistors for part in parts])
        if len(parts[0].transistors.names):
            transistors = replace(transistors, cell=np.zeros_like(transistors.cell), instances=("",))
        nets = tuple(net for part in parts for net in part.nets)
        others = tuple(element for part in parts for element in part.elements)
        return FlatCell(nets, own, conductors, joined([part.cuts for part in parts]), transistors, leaves, others)

    def _own(self, circuit: kdb.Circuit, cell: kdb.Cell, own: dict[int, int], *, recursive: bool) -> Part:
        """The circuit's own nets and transistors."""
        conductors, cuts = [], []
        for net in circuit.each_net():
            number = own[net.cluster_id]
            for layer, name in self.conductors:
                conductors.append(table(layer, number, rectangles(self._shapes(net, name, recursive), self.scale)))
            for layer, region in self._cuts(net, cell, recursive):
                cuts.append(table(layer, number, rectangles(region, self.scale)))
        names = tuple(self.names.net(net) for net in circuit.each_net())
        devices = [device for device in circuit.each_device() if is_transistor(device)]
        transistors = transistors_of(devices, self.names, own, len(self.cells))
        others = elements(circuit, self.names, own, self.extraction.by.devices)
        return Part(names, joined(conductors), joined(cuts), transistors, elements=others)

    def _children_tell_all(self, circuit: kdb.Circuit) -> bool:
        """Whether what the circuit's children hold and its own shapes are all there is: no flattened cells below."""
        called = {sub.circuit_ref().name for sub in circuit.each_subcircuit()}
        cell = self.extraction.opened.layout.cell(circuit.name)
        if not called or cell is None or any(True for _ in circuit.each_device()):
            return False
        layout = self.extraction.opened.layout
        if any(not self._drawn(cell, name, True).is_empty() for name in self.stack.channel):
            return False
        return {layout.cell(k).name for k in cell.each_child_cell()} <= called

    def _cuts(self, net: kdb.Net, cell: kdb.Cell, recursive: bool) -> Iterator[tuple[int, kdb.Region]]:
        """Every kind of cut by its number in the stack."""
        rest: dict[str, kdb.Region] = {}
        for layer, cut in enumerate(self.stack.cuts):
            found = rest[cut.region] if cut.region in rest else self._shapes(net, cut.region, recursive)
            if cut.inside and not found.is_empty():
                found, rest[cut.region] = found.split_inside(self._drawn(cell, cut.inside, False))
            elif cut.inside:
                rest[cut.region] = found
            yield layer, found

    def _shapes(self, net: kdb.Net, conductor: str, recursive: bool) -> kdb.Region:
        extraction = self.extraction
        if recursive:
            return extraction.shapes(net, conductor)
        found = extraction.lvs.shapes_of_net(net, extraction.regions[conductor], False)
        if not isinstance(found, kdb.Region):
            raise TypeError(f"{conductor} is not a polygon layer")
        return found.merged()

    def _stamped(self, sub: kdb.SubCircuit, own: dict[int, int], first: int, *, shared: bool) -> Part:
        """A child in its place; the nets that begin in it are numbered from `first`. `shared`: with its parts of nets
        that go on in the parent."""
        circuit = sub.circuit_ref()
        child = self.cell(circuit)
        number = np.full(len(child.nets) + 1, EMPTY, dtype=np.int32)  # the last is EMPTY's
        for pin in circuit.each_pin():
            above, below = sub.net_for_pin(pin.id()), circuit.net_for_pin(pin.id())
            if above is not None and below is not None:
                number[child.own[below.cluster_id]] = own[above.cluster_id]
        inner = number[:-1] == EMPTY
        number[:-1][inner] = first + np.arange(int(inner.sum()))
        prefix = self.names.child(sub)

        def here(shapes: Rectangles) -> Rectangles:
            if not shared:
                shapes = shapes.take((shapes.net != EMPTY) & np.append(inner, False)[shapes.net])
            return Rectangles(shapes.layer, move(shapes.box, sub.trans), number[shapes.net])

        t = child.transistors
        corner = move(np.concatenate((t.place, t.place), axis=1), sub.trans)[:, :2]
        boxes = move(np.array([leaf.box for leaf in child.leaves], dtype=np.int64).reshape(-1, 4), sub.trans).tolist()
        return Part(
            tuple(prefix + child.nets[k] for k in np.flatnonzero(inner).tolist()),
            here(child.conductors),
            here(child.cuts),
            Transistors(
                tuple(prefix + n for n in t.names), t.kinds, number[t.nets], t.size, corner, t.junctions, t.origin,
                t.cell, tuple((prefix + i).rstrip(".") for i in t.instances),
            ),
            tuple(Leaf(p.name, (b[0], b[1], b[2], b[3])) for p, b in zip(child.leaves, boxes, strict=True)),
            tuple(element.below(prefix, number.tolist()) for element in child.elements),
        )  # fmt: skip

    def _drawn(self, cell: kdb.Cell, layer: str, own_only: bool) -> kdb.Region:
        layout = self.extraction.opened.layout
        index = layout.find_layer(*self.extraction.by.layers[layer])
        if index is None:
            return kdb.Region()
        return (
            kdb.Region(cell.shapes(index)) if own_only else kdb.Region(kdb.RecursiveShapeIterator(layout, cell, index))
        )

    def _channels(self, cell: kdb.Cell) -> Part:
        """Below gates the substrate belongs to the transistors."""
        active, gate = (self._drawn(cell, name, False) for name in self.stack.channel)
        boxes = rectangles((active & gate).merged(), self.scale)
        return Part((), table(SUBSTRATE, EMPTY, boxes), joined([]), no_transistors())

    def _floating(self, cell: kdb.Cell, own: Part, known: Rectangles, first: int, *, own_only: bool) -> Part:
        """Wires that the netlist does not know: they shield and couple all the same. Numbered from `first`. Bodies of
        resistors are their ends' (`elements.shares`)."""
        found: list[Rectangles] = []
        count = 0
        for i, name in enumerate(self.wires):
            drawn = self._drawn(cell, name, own_only)
            if drawn.is_empty():
                continue
            here = known.take(known.layer == GATE + i)
            seen = self._region(here)
            # Slanted edges were made stairs: what is thinner than a stair is no conductor of its own.
            rest = (drawn - seen).sized(-10).sized(10)
            ends = {net: self._region(here.take(here.net == net)) for e in own.elements for net in e.nets}
            for polygon in rest.merged().each():
                halves = shares(polygon, own.elements, ends, self.scale / 1000)
                found += [table(GATE + i, net, rectangles(half.merged(), self.scale)) for net, half in halves]
                if not halves:
                    found.append(table(GATE + i, first + count, rectangles(kdb.Region(polygon), self.scale)))
                    count += 1
        names = tuple(f"floating_{number}" for number in range(1, count + 1))
        return Part(names, joined(found), joined([]), no_transistors())

    def _region(self, shapes: Rectangles) -> kdb.Region:
        """Boxes in nm as a region of the layout."""
        return boxes_region(np.rint(shapes.box / self.scale).astype(np.int64).tolist())
