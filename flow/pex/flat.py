"""A cell's circuit, flat: rectangles of its nets, and its transistors. One entry of each array per shape or device."""

from collections.abc import Sequence
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.elements import PlacedElement
from somaforge.flow.pex.kernel import EMPTY, Ints, Rectangles
from somaforge.flow.pex.naming import Names
from somaforge.pdk.arrays import Floats


@dataclass(frozen=True)
class Transistors:
    """Transistors of a flat cell; one entry of each array per transistor."""

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
class Leaf:
    """Where a cell without children stands: its outline in nm."""

    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Part:
    """Some nets and shapes of a flat cell; nets are numbered in the cell."""

    nets: tuple[str, ...]
    """Those that begin in this part."""
    conductors: Rectangles
    cuts: Rectangles
    transistors: Transistors
    leaves: tuple[Leaf, ...] = ()
    elements: tuple[PlacedElement, ...] = ()


@dataclass(frozen=True)
class FlatCell:
    """A circuit, children included. Its own nets come first, then those that begin in its children."""

    nets: tuple[str, ...]
    own: dict[int, int]
    """Cluster of each of the circuit's own nets -> its number in `nets`."""
    conductors: Rectangles
    cuts: Rectangles
    """`layer` counts in the cuts of the process's stack."""
    transistors: Transistors
    leaves: tuple[Leaf, ...]
    elements: tuple[PlacedElement, ...] = ()
    """Devices that are no transistors."""


def table(layer: int, net: int, boxes: Sequence[Sequence[int]]) -> Rectangles:
    """Boxes of one net on one layer."""
    layers, nets = (np.full(len(boxes), v, dtype=np.int32) for v in (layer, net))
    return Rectangles(layers, np.array(boxes, dtype=np.int32).reshape(-1, 4), nets)


def joined(parts: Sequence[Rectangles]) -> Rectangles:
    """All of them, in order."""
    if not parts:
        return table(0, 0, [])
    layers, boxes, nets = (np.concatenate([getattr(p, k) for p in parts]) for k in ("layer", "box", "net"))
    return Rectangles(layers, boxes, nets)


def outline(boxes: Ints) -> tuple[int, int, int, int]:
    """Left, bottom, right, top of all."""
    return int(boxes[:, 0].min()), int(boxes[:, 1].min()), int(boxes[:, 2].max()), int(boxes[:, 3].max())


def transistors_of(devices: Sequence[kdb.Device], names: Names, own: dict[int, int], cell: int) -> Transistors:
    """A circuit's own transistors; `cell` is its number among the builder's cells."""

    def net(device: kdb.Device, terminal: str) -> int:
        at = device.net_for_terminal(device.device_class().terminal_id(terminal))
        return own[at.cluster_id] if at is not None else EMPTY

    def rows(found: list[list[int]], columns: int) -> Ints:
        return np.array(found, dtype=np.int64).reshape(-1, columns)

    junctions = [[d.parameter(k) for k in ("AD", "AS", "PD", "PS")] for d in devices]
    return Transistors(
        tuple(names.device(d) for d in devices),
        tuple(d.device_class().name.lower() for d in devices),
        rows([[net(d, t) for t in "DGSB"] for d in devices], 4),
        rows([[round(d.parameter(k) * 1000) for k in ("W", "L")] for d in devices], 2),
        rows([[round(d.trans.disp.x * 1000), round(d.trans.disp.y * 1000)] for d in devices], 2),
        np.array(junctions, dtype=np.float64).reshape(-1, 4),
        rows([[cell, k] for k in range(len(devices))], 2),
        np.zeros(len(devices), dtype=np.int32),
        ("",) if devices else (),
    )


def no_transistors() -> Transistors:
    """None."""
    pairs, fours = np.zeros((0, 2), dtype=np.int64), np.zeros((0, 4), dtype=np.int64)
    return Transistors((), (), fours, pairs, pairs, np.zeros((0, 4)), pairs, np.zeros(0, dtype=np.int32), ())


def all_transistors(parts: Sequence[Transistors]) -> Transistors:
    """Those of several parts, in order."""
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
