"""Where a wire on the grid can reach a pin of a cell."""

from collections.abc import Iterator

import klayout.db as kdb

from somaforge.generator.periphery.route import Access, Grid, Node


def accesses(grid: Grid, pin: kdb.Region, cuts: kdb.Region) -> list[Access]:
    """Contacts that a pin can have, one per node: the cut lies in the pin's local interconnect, as near to the node as
    it can, and keeps its space to the cell's own cuts."""
    found = []
    m, rule = grid.m, grid.m.pdk.rules.local_via
    half, step = rule.size // 2, m.pdk.grid_nm
    # A hundred places are looked at for every pin: boxes are quick where regions are not.
    inside = [polygon.bbox() for polygon in _parts(pin) if polygon.is_box()]
    taken = [polygon.bbox() for polygon in _parts(cuts.sized(rule.space - 1))]
    offsets = sorted(range(-m.site // 2 + step, m.site // 2, step), key=abs)
    for node in _around(grid, pin.bbox()):
        x, y = grid.at(node)
        band = kdb.Box(x - m.site, y - half, x + m.site, y + half)
        holds, blocks = [[b for b in boxes if b.overlaps(band)] for boxes in (inside, taken)]
        for offset in offsets if holds else ():
            cut = kdb.Box(x + offset - half, y - half, x + offset + half, y + half)
            if sum((cut & box).area() for box in holds) < cut.area() or any(cut.overlaps(box) for box in blocks):
                continue
            left, right = sorted((x, x + offset))
            pad = kdb.Box(left, y, right, y).enlarged(*m.inner_pad)
            if grid.free(pad.left, pad.bottom, pad.right, pad.top):
                beside = (1, node[1] + (1 if offset > 0 else -1), node[2])
                found.append(Access(node, x + offset, (node,) if offset == 0 else (node, beside)))
            break
    return found


def _parts(region: kdb.Region) -> Iterator[kdb.Polygon]:
    """Trapezoids, boxes as a rule, that do not overlap."""
    yield from region.decompose_trapezoids_to_region().each()


def on_inner(grid: Grid, own: kdb.Region) -> list[Access]:
    """Nodes on the straight part of a pin that the cell has on `inner`."""
    found = []
    for node in beside(grid, own):
        x, y = grid.at(node)
        around = kdb.Box(x, y, x, y).enlarged(grid.m.site // 2, grid.m.inner_pad[1])
        inside = own & kdb.Region(around)
        # Where the pin is wider than a wire, a pad next to the step would leave a notch.
        if inside.bbox().height() == 2 * grid.m.wire_half and inside.bbox().width() == around.width():
            found.append(Access(node, None, (node,)))
    return found


def beside(grid: Grid, own: kdb.Region) -> set[Node]:
    """`inner` nodes at which a pad would touch or come too near to a pin on it."""
    near = own.sized(grid.m.pdk.rules.inner.space - 1)
    return {node for node in _around(grid, near.bbox()) if not (near & kdb.Region(grid.pad(node))).is_empty()}


def _around(grid: Grid, box: kdb.Box) -> Iterator[Node]:
    """`inner` nodes in a box and next to it."""
    site, pitch = grid.m.site, grid.m.pitch
    for i in range(max(0, box.left // site - 1), min(grid.columns, box.right // site + 2)):
        for j in range(max(0, box.bottom // pitch - 1), min(grid.tracks, box.top // pitch + 2)):
            yield 1, i, j
