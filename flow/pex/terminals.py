"""From a wire to a transistor: contacts, vias and stubs inside the cell that draws it, once per cell."""

import numpy as np

from somaforge.flow.pex.flat import FlatCell
from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import DIFFUSION, EMPTY, GATE, Rectangles
from somaforge.flow.pex.network import Port, resistances
from somaforge.pdk.arrays import Floats
from somaforge.pdk.interconnect import Interconnect

_BESIDE_NM = 10
"""Beyond a channel's end: inside every diffusion."""


def terminal_ohm(geometry: Geometry, process: Interconnect) -> Floats:
    """[transistors, 4]: ohm from the wire (the longest piece of the net's highest metal in the cell) to drain, gate,
    source; 0 for the bulk, and where the net has no wire in the cell or nothing in it leads to the transistor."""
    tables = [_of_cell(cell, number, process) for number, cell in enumerate(geometry.cells)]
    ohm = np.zeros((len(geometry.transistors.names), 4))
    cell, own = geometry.transistors.origin[:, 0], geometry.transistors.origin[:, 1]
    for number, table in enumerate(tables):
        here = np.flatnonzero(cell == number)
        ohm[here] = table[own[here]]
    return ohm


def _of_cell(cell: FlatCell, number: int, process: Interconnect) -> Floats:
    t = cell.transistors
    own = np.flatnonzero(t.origin[:, 0] == number)
    ohm = np.zeros((len(own), 4))
    for net in np.unique(t.nets[own, :3]).tolist():
        shapes = cell.conductors.take(cell.conductors.net == net)
        wire = _wire(shapes)
        if net == EMPTY or wire is None:
            continue
        ports, where = [wire], []
        for k in own.tolist():
            for terminal in (0, 1, 2):
                port = _port(cell, shapes, k, terminal) if t.nets[k, terminal] == net else None
                if port is not None:
                    ports.append(port)
                    where.append((int(t.origin[k, 1]), terminal))
        found = resistances(shapes, cell.cuts.take(cell.cuts.net == net), ports, process)[0, 1:]
        for (row, terminal), value in zip(where, found.tolist(), strict=True):
            ohm[row, terminal] = value if np.isfinite(value) else 0.0
    return ohm


def _wire(shapes: Rectangles) -> Port | None:
    """The middle of the longest box of the highest metal."""
    top = int(shapes.layer.max(initial=GATE))
    if top == GATE:
        return None
    boxes = shapes.box[shapes.layer == top]
    left, bottom, right, upper = boxes[int(np.argmax((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))].tolist()
    return Port(top, (left + right) // 2, (bottom + upper) // 2)


def _port(cell: FlatCell, shapes: Rectangles, transistor: int, terminal: int) -> Port | None:
    """The gate's middle, or a place on the diffusion beside it. Of two on one net drain is the lower or left one."""
    x, y = cell.transistors.place[transistor].tolist()
    if terminal == 1:
        return Port(GATE, x, y)
    step = int(cell.transistors.size[transistor, 1]) // 2 + _BESIDE_NM
    boxes = shapes.box[shapes.layer == DIFFUSION]
    places = [(x - step, y), (x, y - step), (x + step, y), (x, y + step)]
    for px, py in places if terminal == 0 else places[::-1]:
        if np.any((boxes[:, 0] < px) & (px < boxes[:, 2]) & (boxes[:, 1] < py) & (py < boxes[:, 3])):
            return Port(DIFFUSION, px, py)
    if not len(boxes):
        return None
    # Beside a bent gate: the nearest piece.
    nearest = np.clip(np.array([x, y]), boxes[:, :2], boxes[:, 2:])
    left, bottom, right, top = boxes[int(np.argmin(np.abs(nearest - np.array([x, y])).sum(axis=1)))].tolist()
    return Port(DIFFUSION, (left + right) // 2, (bottom + top) // 2)
