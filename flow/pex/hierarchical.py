"""Hierarchical post-layout SPICE: one subcircuit for each distinct cell with its capacitances, and the wires between.

A macro of a million transistors is a few hundred distinct cells: position in the array, mirroring and edge tell them
apart. The top joins them by the segments of the wires that they share. Instances and nets have the schematic's names:
transistor `x_soma_0_1.m2_0` is `m2_0` in instance `Xx_soma_0_1`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from somaforge.flow.pex.annotate import SMALLEST_F, WireChoice
from somaforge.flow.pex.extractor import Parasitics
from somaforge.flow.pex.kernel import SUBSTRATE
from somaforge.flow.pex.merging import Merged, merge
from somaforge.flow.pex.stamps import Cells, Pairs, Stamps, stamp
from somaforge.flow.pex.wires import Wire, axis
from somaforge.flow.spice.deck import Cards
from somaforge.pdk.files import atomic_path
from somaforge.pdk.models import Diffusion, Models, OperatingPoint, Size

_PER_LINE = 12
_PLACES = 8
"""Nodes of a wire over which capacitances that belong to no cell are spread."""
_STEM = re.compile(r"(_?\d+)+$")


@dataclass(frozen=True)
class Options:
    """What the netlist is for."""

    wires: WireChoice = "all"
    """Which shared nets become segments: all, supply (nets of a bulk), none."""
    merged_cells: int = 1
    """Neighbouring cells that share one node of a wire, along each direction (flow.pex.merging)."""
    without: str | None = None
    """Part of a transistor's name that leaves it out: `.x_latch_` for ideal memory."""
    exposed: Callable[[str], bool] = lambda _net: False
    """Inner nets that become pins of their cell, so that the top can tie them."""
    ties: Mapping[str, str] | None = None
    """Net -> the node that it is replaced by in the top (a weight and the rail that it sits on)."""
    models: tuple[Models, OperatingPoint] | None = None
    """Lines with bound models, which are in the file. None: X lines for the foundry's library."""
    exact: bool = False
    """Bound models keep their body network and diffusion resistance."""
    smallest_F: float = SMALLEST_F


@dataclass(frozen=True)
class Counts:
    """What was written."""

    cells: int
    variants: int
    transistors: int
    capacitors: int
    resistors: int


@dataclass(frozen=True)
class _Variant:
    name: str
    lines: tuple[str, ...]
    pins: tuple[int, ...]
    """Places in the cell's nets."""
    capacitors: int
    transistors: int


class Writer:
    """Lines of one netlist."""

    def __init__(self, parasitics: Parasitics, options: Options) -> None:
        self.parasitics, self.options = parasitics, options
        self.geometry = parasitics.geometry
        self.cells = Cells(self.geometry, frozenset(parasitics.ports))
        self.known: dict[tuple[object, ...], _Variant] = {}
        self.cards = None if options.models is None else Cards(*options.models, exact=options.exact)
        self.variants: list[_Variant] = []

    @cached_property
    def stamps(self) -> Stamps:
        """Which cell has which capacitance."""
        return stamp(self.parasitics.capacitances, self.cells)

    @cached_property
    def merged(self) -> Mapping[str, Merged]:
        """Nets that are segments."""
        if self.options.wires == "none":
            return {}
        wires = self.parasitics.wires
        if self.options.wires == "supply":
            bulks = {self.geometry.nets[k] for k in np.unique(self.geometry.transistors.nets[:, 3]).tolist() if k >= 0}
            wires = {net: w for net, w in wires.items() if net in bulks}
        return {net: merge(wire, self.options.merged_cells) for net, wire in wires.items()}

    @cached_property
    def wires(self) -> Mapping[str, Wire]:
        """The wires that are written."""
        return {net: found.wire for net, found in self.merged.items()}

    def calls(self) -> Iterator[str]:
        """One line per cell; makes the variants that it needs."""
        sites, ties = self.geometry.sites, self.options.ties or {}
        for cell, instance in enumerate(self.geometry.transistors.instances):
            variant = self._variant(cell, instance)
            nodes = []
            for place in variant.pins:
                number = int(self.cells.nets[cell][place])
                net = self.geometry.nets[number]
                found = self.merged.get(net)
                if net in ties:
                    nodes.append(ties[net])
                elif found is None:
                    nodes.append(net)
                else:
                    start, stop = int(sites.first[number]), int(sites.first[number + 1])
                    nodes.append(found.wire.node(found.node[int(np.searchsorted(sites.cell[start:stop], cell))]))
            yield from _wrapped(f"X{instance}", [*nodes, variant.name])

    def segments(self) -> Iterator[str]:
        """Resistors of the shared wires."""
        for net, wire in self.wires.items():
            for k, s in enumerate(wire.segments):
                yield f"Rr_{net}_{k} {wire.node(s.a)} {wire.node(s.b)} {s.ohm:.6g}"

    def shared(self) -> Iterator[str]:
        """Capacitors between wires that no cell holds both of, spread along them."""
        nets, pairs, ground = self.geometry.nets, self.stamps.shared, self.parasitics.ground
        # All that is between one net and ground or nothing else is one value per net.
        single = (pairs.a == SUBSTRATE) | (pairs.farad < self.options.smallest_F)
        total = np.bincount(pairs.b[single], pairs.farad[single], len(nets))
        total += np.bincount(pairs.a[single], pairs.farad[single] * (pairs.a[single] != SUBSTRATE), len(nets))
        count = 0
        for number in np.flatnonzero(total).tolist():
            nodes = self._places(nets[number])
            for node in nodes:
                yield f"Cs_{count} {node} {ground} {total[number] / len(nodes):.6g}"
                count += 1
        rows = zip(pairs.a[~single].tolist(), pairs.b[~single].tolist(), pairs.farad[~single].tolist(), strict=True)
        for a, b, farad in rows:
            ends = list(zip(*(self._places(nets[n]) for n in (a, b)), strict=False))
            for first, second in ends:
                yield f"Cs_{count} {first} {second} {farad / len(ends):.6g}"
                count += 1

    def _places(self, net: str) -> list[str]:
        wire = self.wires.get(net)
        if wire is None:
            return [net]
        order = axis(wire)
        chosen = np.unique(np.linspace(0, len(order) - 1, min(_PLACES, len(order))).astype(int))
        return [wire.node(order[k]) for k in chosen.tolist()]

    def _variant(self, cell: int, instance: str) -> _Variant:
        t, rows, nets = self.geometry.transistors, self.cells.transistors[cell], self.cells.nets[cell]
        prefix = len(instance) + 1 if instance else 0
        names = tuple(t.names[k][prefix:] for k in rows.tolist())
        place = {n: k for k, n in enumerate(nets.tolist())}
        terminals = tuple(place.get(n, -1) for n in t.nets[rows].ravel().tolist())
        inner = tuple((self.cells.home[nets] == cell).tolist())
        key = (names, terminals, inner, t.size[rows].tobytes(), t.origin[rows].tobytes(), self.stamps.of_cell[cell])
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._write_variant(cell, instance, names, inner, np.array(terminals))
            self.variants.append(found)
        return found

    def _write_variant(
        self, cell: int, instance: str, names: Sequence[str], inner: Sequence[bool], terminals: np.ndarray
    ) -> _Variant:
        t, rows = self.geometry.transistors, self.cells.transistors[cell].tolist()
        full = [self.geometry.nets[n] for n in self.cells.nets[cell].tolist()]
        prefix = len(instance) + 1 if instance else 0
        exposed = [not own or self.options.exposed(net) for net, own in zip(full, inner, strict=True)]
        local = _local_names([n[prefix:] if own else _STEM.sub("", n) for n, own in zip(full, inner, strict=True)])
        lines = []
        for row, name, nodes in zip(rows, names, terminals.reshape(-1, 4).tolist(), strict=True):
            if self.options.without is not None and self.options.without in t.names[row]:
                continue
            ends = " ".join(local[n] if n >= 0 else f"open_{row}" for n in nodes)
            lines.append(self._transistor(row, name, ends))
        transistors = len(lines)
        ground = int(np.flatnonzero(self.cells.nets[cell] == SUBSTRATE)[0])
        pairs = _with_threshold(self.stamps.pairs(self.stamps.of_cell[cell]), ground, self.options.smallest_F)
        lines += [
            f"C{k} {local[a]} {local[b]} {farad:.5g}"
            for k, (a, b, farad) in enumerate(
                zip(pairs.a.tolist(), pairs.b.tolist(), pairs.farad.tolist(), strict=True)
            )
        ]
        stem = _STEM.sub("", instance.rpartition(".")[2].removeprefix("x_")) or "cell"
        name = f"{stem}_{len(self.variants)}"
        pins = tuple(k for k, shown in enumerate(exposed) if shown)
        head = _wrapped(f".subckt {name}", [local[k] for k in pins])
        body = (*head, *lines, f".ends {name}")
        return _Variant(name, body, pins, len(pairs.farad), transistors)

    def _transistor(self, row: int, name: str, nodes: str) -> str:
        t = self.geometry.transistors
        (w_nm, l_nm), (ad, as_, pd, ps) = t.size[row].tolist(), t.junctions[row].tolist()
        if self.cards is None:
            size = f"w={w_nm / 1000:g} l={l_nm / 1000:g} ad={ad:g} as={as_:g} pd={pd:g} ps={ps:g}"
            return f"X{name} {nodes} {t.kinds[row]} {size}"
        drain, source = (Diffusion(round(a * 1e6), round(p * 1e3)) for a, p in ((ad, pd), (as_, ps)))
        return self.cards.line(name, Size(t.kinds[row], w_nm, l_nm), nodes.split(), drain=drain, source=source)


def _with_threshold(pairs: Pairs, ground: int, smallest_F: float) -> Pairs:
    """Small capacitances between two nets go to ground at both ends."""
    grounded = (pairs.a == ground) | (pairs.b == ground)
    small = ~grounded & (pairs.farad < smallest_F)
    count = 1 + int(max(pairs.a.max(initial=0), pairs.b.max(initial=0), ground))
    to_ground = np.zeros(count)
    for which, ends in ((small, (pairs.a, pairs.b)), (grounded, (np.where(pairs.a == ground, pairs.b, pairs.a),))):
        for end in ends:
            to_ground += np.bincount(end[which], pairs.farad[which], count)
    keep = ~small & ~grounded
    nodes = np.flatnonzero(to_ground)
    return Pairs(
        np.concatenate((pairs.a[keep], nodes)),
        np.concatenate((pairs.b[keep], np.full(len(nodes), ground))),
        np.concatenate((pairs.farad[keep], to_ground[nodes])),
    )


def _local_names(wanted: Sequence[str]) -> list[str]:
    """The same names, made different where two are equal."""
    counts: dict[str, int] = {}
    taken: set[str] = set(wanted)
    found = []
    for name in wanted:
        number = counts[name] = counts.get(name, -1) + 1
        fresh = name if number == 0 else f"{name}_{number}"
        while number and fresh in taken:
            number = counts[name] = number + 1
            fresh = f"{name}_{number}"
        taken.add(fresh)
        found.append(fresh)
    return found


def write_hierarchical(parasitics: Parasitics, path: Path, options: Options | None = None) -> Counts:
    """Write the netlist, whole or not at all; `parasitics` must have the schematic's names.

    The total capacitance of every net is kept. Couplings that leave a cell for a net that it does not see are
    capacitances to ground (see `stamps`).
    """
    writer = Writer(parasitics, options or Options())
    calls = list(writer.calls())
    resistors = capacitors = 0
    with atomic_path(path) as beside, beside.open("w", encoding="ascii") as file:

        def put(lines: Collection[str] | Iterator[str]) -> int:
            count = 0
            for count, line in enumerate(lines, 1):  # noqa: B007
                file.write(line + "\n")
            return count

        instances = len(parasitics.geometry.transistors.instances)
        put([f"* {parasitics.name}: {instances} cells of {len(writer.variants)} kinds, extracted from the layout"])
        if writer.cards is not None:
            put([writer.cards.models.options, *writer.cards.texts])
        for variant in writer.variants:
            put(variant.lines)
        put(_wrapped(f".subckt {parasitics.name}", parasitics.ports))
        put(calls)
        resistors = put(writer.segments())
        capacitors = put(writer.shared())
        put([f".ends {parasitics.name}"])
    used = [writer._variant(k, i) for k, i in enumerate(parasitics.geometry.transistors.instances)]
    return Counts(
        instances,
        len(writer.variants),
        sum(v.transistors for v in used),
        capacitors + sum(v.capacitors for v in used),
        resistors,
    )


def _wrapped(head: str, words: Sequence[str]) -> Iterator[str]:
    for k in range(0, max(len(words), 1), _PER_LINE):
        yield " ".join((head if k == 0 else "+", *words[k : k + _PER_LINE]))
