"""Net by net geometry of an extracted layout, flat, with the names that the caller wants."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from somaforge.flow.pex.builder import Builder
from somaforge.flow.pex.elements import PlacedElement
from somaforge.flow.pex.flat import FlatCell, Leaf, Transistors
from somaforge.flow.pex.kernel import EMPTY, Ints, Rectangles
from somaforge.flow.pex.naming import Names, distinct, doubtful_labels, safe
from somaforge.flow.pex.sites import Sites, find_sites
from somaforge.generator.circuit import Junctions
from somaforge.pdk.errors import InputError
from somaforge.pdk.extraction import Extraction
from somaforge.pdk.interconnect import Interconnect


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
    junctions: Junctions
    """Shared diffusion is divided."""


@dataclass(frozen=True)
class Geometry:
    """A flat, net-labelled layout. Net 0 is the substrate."""

    nets: tuple[str, ...]
    conductors: Rectangles
    """Shapes of one net may overlap."""
    cuts: Rectangles
    """`layer` counts in the cuts of the process's stack."""
    transistors: Transistors = field(repr=False)
    leaves: tuple[Leaf, ...] = field(repr=False)
    """The cells that the layout is made of."""
    cells: tuple[FlatCell, ...] = field(repr=False)
    """Those that transistors are drawn in."""
    box: tuple[int, int, int, int]
    labelled: tuple[tuple[str, str], ...] = ()
    """Nets of the top cell that have a label: labels (with commas between), name in `nets`."""
    elements: tuple[PlacedElement, ...] = ()
    """Devices that are no transistors."""

    @property
    def doubtful(self) -> list[str]:
        """A line for every label that does not name one net alone."""
        return doubtful_labels(self.labelled)

    @cached_property
    def devices(self) -> tuple[PlacedDevice, ...]:
        """Every transistor by name."""
        t = self.transistors
        names = (*self.nets, "unconnected")
        rows = zip(
            t.names, t.kinds, t.nets.tolist(), t.size.tolist(), t.place.tolist(), t.junctions.tolist(), strict=True
        )
        return tuple(
            PlacedDevice(
                name,
                kind,
                names[d],
                names[g],
                names[s],
                names[b],
                w,
                l_nm,
                x,
                y,
                Junctions(round(ad * 1e6), round(as_ * 1e6), round(pd * 1e3), round(ps * 1e3)),
            )
            for name, kind, (d, g, s, b), (w, l_nm), (x, y), (ad, as_, pd, ps) in rows
        )

    @cached_property
    def number(self) -> dict[str, int]:
        """Net -> its number."""
        return {name: k for k, name in enumerate(self.nets)}

    @cached_property
    def sites(self) -> Sites:
        """The cells that each net reaches."""
        return find_sites(self.transistors, len(self.nets))

    @cached_property
    def _by_net(self) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
        orders = [np.argsort(r.net, kind="stable") for r in (self.conductors, self.cuts)]
        numbers = np.arange(len(self.nets) + 1)
        starts = [np.searchsorted(r.net[k], numbers) for r, k in zip((self.conductors, self.cuts), orders, strict=True)]
        return (orders[0], starts[0]), (orders[1], starts[1])

    def of_net(self, net: int) -> Rectangles:
        """The shapes of one net."""
        order, start = self._by_net[0]
        return self.conductors.take(order[start[net] : start[net + 1]])

    def cuts_of_net(self, net: int) -> Rectangles:
        """The contacts and vias of one net."""
        order, start = self._by_net[1]
        return self.cuts.take(order[start[net] : start[net + 1]])


def collect(extraction: Extraction, names: Names, process: Interconnect) -> Geometry:
    """Every net of the extraction's top circuit with its rectangles; metal that is on no net becomes `floating_<k>`."""
    builder = Builder(extraction, names, process)
    whole = builder.cell(extraction.top)
    if not len(whole.conductors.layer):
        raise InputError(f"cell {extraction.opened.cell.name}: nothing conducts in it")
    # Net 0 is the substrate; it has a net of its own only where something is connected to it.
    t = whole.transistors
    devices = extraction.by.devices

    def n_channel(kind: str) -> bool:
        found = devices.find(kind)
        return found is not None and found.polarity == "n"

    bulks = Counter(n for n, kind in zip(t.nets[:, 3].tolist(), t.kinds, strict=True) if n_channel(kind))
    own = EMPTY if extraction.substrate is None else whole.own.get(extraction.substrate, EMPTY)
    substrate = max(bulks, key=lambda k: bulks[k]) if bulks else own
    # Without a net of its own, it is named like one more net.
    labels = sorted(extraction.substrate_labels) if names.distinct else []
    written = [*whole.nets, safe(labels[0]) if labels else "vsubs"]
    written = distinct(written) if names.distinct else written
    numbers = {written[substrate if substrate != EMPTY else -1]: 0}
    # Nets of one name in the schematic are one net.
    number = np.array([*(numbers.setdefault(name, len(numbers)) for name in written[:-1]), EMPTY], dtype=np.int32)
    conductors, cuts = (Rectangles(r.layer, r.box, number[r.net]) for r in (whole.conductors, whole.cuts))
    b = conductors.box
    box = (int(b[:, 0].min()), int(b[:, 1].min()), int(b[:, 2].max()), int(b[:, 3].max()))
    placed = replace(t, nets=number[t.nets])
    labelled = tuple(
        (net.name, written[whole.own[net.cluster_id]])
        for net in extraction.top.each_net()
        if net.name and net.cluster_id in whole.own
    )
    elements = tuple(element.below("", number.tolist()) for element in whole.elements)
    leaves, cells = whole.leaves, tuple(builder.cells)
    return Geometry(tuple(numbers), conductors, cuts, placed, leaves, cells, box, labelled, elements)
