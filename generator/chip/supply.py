"""Supplies of a chip: upright straps over the height, joined with the rails that they cross or that end beside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.generator.block import Box, Port
from somaforge.generator.chip.near import Near
from somaforge.generator.draw import Canvas
from somaforge.generator.measures import Measures, up
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class Strap:
    """One upright strap."""

    net: str
    x: int
    """Of its middle."""
    width: int

    @property
    def left(self) -> int:
        """Edge."""
        return self.x - self.width // 2

    @property
    def right(self) -> int:
        """Edge."""
        return self.x + self.width // 2


@dataclass(frozen=True)
class Rail:
    """Where a rail of a block meets a strap."""

    layer: str
    box: Box
    """The rail, as far as it goes straight."""
    strap: Strap


def rails(
    pdk: Pdk,
    ports: Sequence[Port],
    straps: Sequence[Strap],
    drawn: Mapping[str, kdb.Region],
    clear: Sequence[Box] = (),
    meshed: Sequence[Port] = (),
) -> Iterator[Rail]:
    """Where supply ports meet straps. A rail on the straps' own layer goes on to the nearest one at each end, if it is
    of its net; one below them goes on below them as far as straps of its net stand and nothing else is drawn.

    Where a block has a wire of its own in the way of the cuts, a crossing is left out. `drawn`: layer -> what blocks
    have on it, of every conductor. A rail on the straps' own layer does not go on to a strap over the boxes `clear`.
    Ports `meshed` are those of one block that joins its own rails of a net: one of them is enough.
    InputError for a port that no strap of its net reaches.
    """
    alone: dict[str, Box] = {}
    fed = set[str]()
    near = {layer: Near(region) for layer, region in drawn.items()}
    for port in ports:
        aligned = [p for p in ports if (p.net, p.layer) == (port.net, port.layer) and _level(p) == _level(port)]
        own = kdb.Region()
        for p in aligned:
            own.insert(kdb.Box(*p.box))
        box = _whole(port, near[port.layer])
        if port.layer == "strap":
            reached = [s for s in _beside(box, straps) if s.net == port.net and not _over(box, s, clear)]
        else:
            mine, space = [s for s in straps if s.net == port.net], pdk.rules.conductor(port.layer).space
            ends = [*(s.left for s in mine), *(s.right for s in mine), box[0], box[2]]
            band = kdb.Box(min(ends), box[1], max(ends), box[3]).enlarged(space, space)
            others = near[port.layer].touching(band).not_interacting(own)
            box = _lengthened(box, mine, others.sized(space - 1))
            over = [s for s in mine if box[0] <= s.left and s.right <= box[2]]
            reached = [s for s in over if _room(pdk, port.layer, s, (box[1] + box[3]) // 2, near)]
        if reached and port in meshed:
            fed.add(port.net)
        elif port in meshed:
            alone[port.net] = box
        elif not reached:
            raise InputError(f"chip: no strap of {port.net} over or beside the rail at {box} nm on {port.layer}")
        yield from (Rail(port.layer, box, strap) for strap in reached)
    for net in alone.keys() - fed:
        raise InputError(
            f"chip: no strap of {net} over or beside any rail of the block with the one at {alone[net]} nm"
        )


def _pads(pdk: Pdk, bottom: str, strap: Strap, y: int) -> dict[str, Box]:
    """What lies on every conductor where a strap is joined with a rail below it."""
    half, rules = Measures(pdk.rules, pdk.grid_nm).lone_pad_half, pdk.rules
    layers = rules.conductors[rules.level(bottom) : rules.level("strap") + 1]
    return {layer.role: (strap.left, y - half, strap.right, y + half) for layer in layers}


def _room(pdk: Pdk, bottom: str, strap: Strap, y: int, near: Mapping[str, Near]) -> bool:
    """Whether nothing is in the way of such pads, the rail's own conductor apart."""
    for layer, (x1, y1, x2, y2) in _pads(pdk, bottom, strap, y).items():
        far = pdk.rules.conductor(layer).space - 1
        around = kdb.Box(x1 - far, y1 - far, x2 + far, y2 + far)
        if layer != bottom and not (near[layer].touching(around) & kdb.Region(around)).is_empty():
            return False
    return True


def _level(port: Port) -> tuple[int, int]:
    """Lower and upper edge."""
    return port.box[1], port.box[3]


def _whole(port: Port, near: Near) -> Box:
    """The port's box, lengthened as far as its wire goes on with the same edges."""
    box = kdb.Box(*port.box)
    wire = near.touching(box).interacting(kdb.Region(box))
    row = kdb.Region(kdb.Box(wire.bbox().left, box.bottom, wire.bbox().right, box.top)) & wire
    pieces = (p.bbox() for p in row.decompose_trapezoids_to_region().merged().each())
    straight = next(p for p in pieces if box.inside(p))
    return straight.left, box.bottom, straight.right, box.top


def _lengthened(box: Box, straps: Sequence[Strap], taken: kdb.Region) -> Box:
    """As far as the outermost straps that nothing taken stands before."""
    x1, y1, x2, y2 = box

    def free(low: int, high: int) -> bool:
        return (taken & kdb.Region(kdb.Box(low, y1, high, y2))).is_empty()

    left = min((s.left for s in straps if s.left < x1 and free(s.left, x1)), default=x1)
    right = max((s.right for s in straps if s.right > x2 and free(x2, s.right)), default=x2)
    return left, y1, right, y2


def _over(rail: Box, strap: Strap, clear: Sequence[Box]) -> bool:
    """Whether a rail would go over one of these boxes on its way to a strap; not over one that it begins in."""
    way = (rail[2], strap.left) if strap.left >= rail[2] else (strap.right, rail[0])
    across = [b for b in clear if b[1] < rail[3] and rail[1] < b[3]]
    return any(way[0] < b[2] and b[0] < way[1] and not b[0] <= rail[0] <= b[2] for b in across)


def _beside(box: Box, straps: Sequence[Strap]) -> list[Strap]:
    """The nearest strap at the left and at the right."""
    left = [s for s in straps if s.right <= box[0]]
    right = [s for s in straps if s.left >= box[2]]
    return [*sorted(left, key=lambda s: -s.right)[:1], *sorted(right, key=lambda s: s.left)[:1]]


def draw_supplies(canvas: Canvas, found: Sequence[Rail], straps: Sequence[Strap], bottom: int, top: int) -> None:
    """Straps and what joins them with the rails."""
    for strap in straps:
        canvas.box("strap", strap.left, bottom, strap.right, top)
    for rail in found:
        x1, y1, x2, y2 = rail.box
        if rail.layer == "strap":
            canvas.box("strap", min(x1, rail.strap.left), y1, max(x2, rail.strap.right), y2)
        else:
            canvas.box(rail.layer, *rail.box)
            _stacks(canvas, rail.layer, rail.strap, (y1 + y2) // 2)


def _stacks(canvas: Canvas, bottom: str, strap: Strap, y: int) -> None:
    """Cuts from `bottom` to the strap, all along the strap's width, with one pad on each conductor between."""
    reach = strap.width // 2 - canvas.m.lone_pad_half
    first, last = canvas.r.level(bottom), canvas.r.level("strap")
    pitch = up(max(cut.size + cut.space for cut in canvas.r.cuts[first:last]), 2 * canvas.pdk.grid_nm)
    count = max(1, 2 * reach // pitch + 1)
    for k in range(count):
        x = strap.x + canvas.m.snap((2 * k - count + 1) * pitch // 2)
        for cut in canvas.r.cuts[first:last]:
            canvas.around(cut.role, x, y, cut.size // 2, cut.size // 2)
    for layer, box in _pads(canvas.pdk, bottom, strap, y).items():
        canvas.box(layer, *box)
