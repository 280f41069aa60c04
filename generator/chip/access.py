"""From ports, which lie where their blocks have them, to places on the grid: straight out of the block, then aside.

Ports of one side may be closer than the tracks. Each gets a track in their order; those that have to go up do so the
uppermost first, the next one a track farther out, and those that go down the other way round, so that none crosses
another one's way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import klayout.db as kdb

from somaforge.generator.block import Box, Port
from somaforge.generator.chip.grid import LAYERS, Grid, Node, Tracks
from somaforge.generator.chip.near import Boxes, Near


@dataclass(frozen=True)
class End:
    """A port that a wire leads to."""

    port: Port
    block: Box | None = None
    """Outline of the block that it belongs to. None for a pin of the chip."""


@dataclass(frozen=True)
class Access:
    """A port's place on the grid and the wire that leads there."""

    node: Node
    stub: tuple[Box, ...]
    """On the port's layer."""


@dataclass(frozen=True)
class Side:
    """A side of a block where ports are, or of the chip, seen from where wires are."""

    axis: int
    """0: it is upright, wires leave along x."""
    at: int
    """Its coordinate."""
    outward: int
    """1 or -1: where the free side is."""


def side(end: End, outline: Box) -> Side:
    """The side of its block, or of the chip `outline`, that a port is nearest to."""
    around = end.block or outline
    gaps = {(0, -1): end.port.box[0] - around[0], (0, 1): around[2] - end.port.box[2]}
    gaps |= {(1, -1): end.port.box[1] - around[1], (1, 1): around[3] - end.port.box[3]}
    axis, way = min(gaps, key=lambda k: abs(gaps[k]))
    at = around[axis + 2] if way > 0 else around[axis]
    return Side(axis, at, way if end.block else -way)


def accesses(grid: Grid, ends: Sequence[End]) -> dict[End, Access]:
    """A place for every port; ValueError with the net of one that has none."""
    found: dict[End, Access] = {}
    key = {end: (side(end, grid.tracks.outline), end.port.layer) for end in ends}

    def order(end: End) -> tuple[int, int, int, str, int]:
        edge, layer = key[end]
        return edge.axis, edge.at, edge.outward, layer, _middle(end, edge)

    ordered = sorted(ends, key=order)
    for (edge, layer), group in groupby(ordered, key=lambda e: key[e]):
        found |= _fan(grid, edge, layer, list(group))
    _require_clear(grid, found)
    return found


def _middle(end: End, edge: Side) -> int:
    """Of a port along its side."""
    k = 1 - edge.axis
    return (end.port.box[k] + end.port.box[k + 2]) // 2


def _fan(grid: Grid, edge: Side, layer: str, ends: Sequence[End]) -> Iterable[tuple[End, Access]]:
    tracks, along = grid.tracks, 1 - edge.axis
    first = tracks.outline[along] + tracks.pitch // 2
    middles = [_middle(end, edge) for end in ends]
    numbers = _numbers([(m - first) / tracks.pitch for m in middles], tracks.size[along])
    shift = [first + n * tracks.pitch - m for n, m in zip(numbers, middles, strict=True)]
    # Beside a block a wire keeps its space; on a pin of the chip it turns aside within the pin, which ends beyond.
    space = tracks.pdk.rules.conductor(layer).space if ends[0].block else 0
    nearest = _outward(tracks, edge, tracks.half(layer) + space)
    for k, turn in enumerate(_turns(middles, shift, tracks.pitch)):
        out = nearest + edge.outward * turn
        place = (out, numbers[k]) if edge.axis == 0 else (numbers[k], out)
        node = (LAYERS.index(layer), *place)
        yield ends[k], Access(node, _stub(tracks, edge, ends[k].port, node))


def _numbers(wanted: Sequence[float], count: int) -> list[int]:
    """Tracks in order, one each, near the wanted ones: where some are crowded, half of the excess goes either way."""
    numbers: list[int] = []
    start = 0
    for k, want in enumerate(wanted):
        free = not numbers or round(want) > numbers[-1]
        numbers.append(round(want) if free else numbers[-1] + 1)
        if free:
            start = k
        lowest = numbers[start - 1] + 1 if start else 0
        run = range(start, k + 1)
        excess = sum(numbers[i] - wanted[i] for i in run) / len(run)
        down = min(max(round(excess), 0), numbers[start] - lowest)
        for i in run:
            numbers[i] -= down
    over = max(numbers[-1] - count + 1, 0) if numbers else 0
    return [n - over for n in numbers]


def _turns(middles: Sequence[int], shift: Sequence[int], pitch: int) -> list[int]:
    """How many tracks beyond the nearest one each port turns aside."""
    turns = [0] * len(middles)
    for up, order in ((True, range(len(middles) - 1, -1, -1)), (False, range(len(middles)))):
        before = None
        for k in order:
            if shift[k] != 0 and (shift[k] > 0) == up:
                near = before is not None and abs(middles[k] - middles[before]) < 2 * pitch
                turns[k] = turns[before] + 1 if near and before is not None else 0
                before = k
            else:
                before = None
    return turns


def _outward(tracks: Tracks, edge: Side, clear: int) -> int:
    """The first track beyond a side that keeps a distance from it."""
    first = tracks.outline[edge.axis] + tracks.pitch // 2
    if edge.outward > 0:
        return -((first - edge.at - clear) // tracks.pitch)
    return (edge.at - clear - first) // tracks.pitch


def _stub(tracks: Tracks, edge: Side, port: Port, node: Node) -> tuple[Box, ...]:
    """From the port straight to the node's distance, then along the side."""
    half, place = tracks.half(port.layer), tracks.at(node)
    x1, y1, x2, y2 = port.box
    start = ((x1 + x2) // 2, (y1 + y2) // 2)
    corner = (place[0], start[1]) if edge.axis == 0 else (start[0], place[1])
    return _line(start, corner, half), _line(corner, place, half)


def _line(a: tuple[int, int], b: tuple[int, int], half: int) -> Box:
    return min(a[0], b[0]) - half, min(a[1], b[1]) - half, max(a[0], b[0]) + half, max(a[1], b[1]) + half


def _require_clear(grid: Grid, found: dict[End, Access]) -> None:
    """ValueError if a stub comes too near to anything that is not its net's, or is not on the grid."""
    drawn = {layer: Near(region) for layer, region in grid.drawn.items()}
    others = {
        layer: Boxes([(e.port.net, box) for e, a in found.items() if e.port.layer == layer for box in a.stub])
        for layer in LAYERS
    }
    for end, access in found.items():
        layer, port = end.port.layer, end.port
        space = grid.tracks.pdk.rules.conductor(layer).space
        met = not all(0 <= k < n for k, n in zip(access.node[1:], grid.tracks.size, strict=True))
        for box in access.stub:
            around = kdb.Box(*box).enlarged(space - 1, space - 1)
            foreign = drawn[layer].touching(around).not_interacting(kdb.Region(kdb.Box(*port.box)))
            met = met or not (foreign & kdb.Region(around)).is_empty() or others[layer].too_near(port.net, box, space)
        if met:
            raise ValueError(f"net {port.net}: no free way out of its port at {port.box} nm on {layer}")


def stubs(found: Iterable[Access]) -> Iterator[tuple[str, Box]]:
    """Layer and box of every piece."""
    for access in found:
        for box in access.stub:
            yield LAYERS[access.node[0]], box
