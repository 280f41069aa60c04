"""Cells of a netlist in rows: which row, in which order, at which site, with taps and with repeaters for wide nets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from somaforge.generator.digital.anneal import anneal, exchange
from somaforge.generator.digital.netlist import reconnect, sinks
from somaforge.generator.periphery.cells import cell_geometry
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.errors import InputError
from somaforge.pdk.library import OUTPUT, Function, StandardCells

EXCHANGES, EXACT_MOVES = 8000, 100
"""Moves for each cell: exchanges of two are cheap, moves that push a row's other cells aside are not."""
WIDEST = 24
"""Inputs that a net drives without repeaters: 24 gates of some 2 fF and 0.3 mm of wire are a tenth of a picofarad,
which the weakest gate moves in a nanosecond."""
LEAVES = 16
"""Inputs behind one repeater of such a net."""
SITES_PER_ROW = 6
"""A row's height over a site's width, about."""
SLACK = 8
"""Sites of a row that stay free: whole cells do not fill the room between two taps."""
CLOCKS = {"clock", "clock_n"}
"""Pins whose net's repeaters are clock buffers."""
ROOT_DRIVE, BRANCH_DRIVE = 16, 4
"""Of the clock's buffers; other nets take the strongest that there is."""


@dataclass(frozen=True)
class Slot:
    """A cell, or a tap, in its row."""

    gate: Gate | None
    row: int
    site: int


@dataclass(frozen=True)
class Placement:
    """Every cell's place, and the netlist with the repeaters that were put in."""

    netlist: GateNetlist
    slots: tuple[Slot, ...]
    rows: int
    sites: int
    length_um: float
    """Sum of the nets' half perimeters, without the widest nets."""


def width(cells: StandardCells, gate: Gate) -> int:
    """Sites of a gate."""
    return cell_geometry(cells, cells.cell(gate.function, gate.drive).name).sites


def place(
    m: PortMeasures, netlist: GateNetlist, rows: int, sites: int, pins: Mapping[str, tuple[int, int]], seed: int = 1
) -> Placement:
    """Place; `pins` are the nm of each port. InputError if the rows are too short."""
    cells, gates = m.cells, list(netlist.gates)
    widths = np.array([width(cells, gate) for gate in gates])
    wide = {net: found for net, found in sinks(netlist).items() if len(found) > WIDEST}
    nets = _nets(netlist, set(wide))
    taps = tap_sites(m, sites)
    spare = -(-sum(_repeater_sites(cells, found) for found in wide.values()) // rows)
    # Rows are about evenly full: where there is no free room, wires have none either.
    even = int(1.05 * widths.sum() / rows) + int(widths.max()) // 2
    most = min(sites - len(taps) - spare, even)
    order, counts = _first_order(widths, rows, most)
    first = np.cumsum([0, *(len(members) for members, _ in nets)])
    members = np.array([k for found, _ in nets for k in found], np.int64)
    of_cell: list[list[int]] = [[] for _ in gates]
    for n, (found, _) in enumerate(nets):
        for k in found:
            of_cell[k].append(n)
    of_first = np.cumsum([0, *(len(found) for found in of_cell)])
    fixed = np.array([pins.get(net, (np.nan, np.nan)) for _, net in nets], float)
    of_members = np.array([n for found in of_cell for n in found], np.int64)
    where, xs = _middles(order, counts, widths, sites)
    site, row = float(m.site), float(m.row)
    graph = (widths, first, members, of_first, of_members, fixed)
    exchange(*graph, where, xs, sites, rows, most, site, row, EXCHANGES * len(gates), seed)
    for r in range(rows):
        line = sorted(np.flatnonzero(where == r), key=lambda k: (xs[k], k))
        counts[r], order[r, : len(line)] = len(line), line
    length = anneal(*graph, order, counts, sites, most, site, row, EXACT_MOVES * len(gates), seed)
    where, xs = _middles(order, counts, widths, sites)
    table = [[gates[k] for k in order[r, : counts[r]]] for r in range(rows)]
    at = {gate.name: (float(xs[k]), int(where[k])) for k, gate in enumerate(gates)}
    made, placed = _repeat(m, netlist, table, wide, at, sites - len(taps) - SLACK)
    slots = [slot for r, line in enumerate(placed) for slot in _settle(m, line, r, sites, taps)]
    return Placement(made, tuple(slots), rows, sites, float(length) / 1000)


def tap_sites(m: PortMeasures, sites: int) -> tuple[int, ...]:
    """Columns of taps, so that every transistor of a row is in the reach of one."""
    step = 2 * (m.cells.tap_reach_nm - m.row) // m.site
    count = max(1, -(-sites // step))
    return tuple((2 * k + 1) * sites // (2 * count) for k in range(count))


def _nets(netlist: GateNetlist, without: set[str]) -> list[tuple[list[int], str]]:
    found: dict[str, list[int]] = {}
    for k, gate in enumerate(netlist.gates):
        for _, net in gate.pins:
            if net not in without and k not in found.setdefault(net, []):
                found[net].append(k)
    return [(members, net) for net, members in found.items()]


def _first_order(widths: np.ndarray, rows: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Any order that fits: the widest first, into the emptiest row."""
    order, counts = np.full((rows, len(widths)), -1, np.int64), np.zeros(rows, np.int64)
    load = np.zeros(rows, np.int64)
    for k in sorted(range(len(widths)), key=lambda k: (-widths[k], k)):
        r = int(np.argmin(load))
        if load[r] + widths[k] > most:
            raise InputError(f"placement: {int(widths.sum())} sites of cells do not fit {rows} rows of {most}")
        order[r, counts[r]], counts[r], load[r] = k, counts[r] + 1, load[r] + widths[k]
    return order, counts


def _middles(order: np.ndarray, counts: np.ndarray, widths: np.ndarray, sites: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and middle of every cell, each row spread over its sites."""
    where, xs = np.zeros(len(widths), np.int64), np.zeros(len(widths))
    for r, count in enumerate(counts):
        line = order[r, :count]
        ends = np.cumsum(widths[line])
        where[line], xs[line] = r, (ends - widths[line] / 2) * sites / ends[-1]
    return where, xs


def _is_clock(found: Sequence[tuple[int, str]]) -> bool:
    return all(pin in CLOCKS for _, pin in found)


def _drives(cells: StandardCells, clock: bool) -> tuple[Function, int, int]:
    """Function of repeaters, drive of the root and of the branches."""
    if clock:
        return "clock_buffer", ROOT_DRIVE, BRANCH_DRIVE
    strongest = cells.drives("buffer")[-1]
    return "buffer", strongest, strongest


def _repeater_sites(cells: StandardCells, found: Sequence[tuple[int, str]]) -> int:
    """What the repeaters of a wide net take together."""
    function, root, branch = _drives(cells, _is_clock(found))
    each = [cell_geometry(cells, cells.cell(function, drive).name).sites for drive in (root, branch)]
    return each[0] + each[1] * -(-2 * len(found) // LEAVES)


def _repeat(
    m: PortMeasures,
    netlist: GateNetlist,
    table: list[list[Gate]],
    wide: Mapping[str, list[tuple[int, str]]],
    at: dict[str, tuple[float, int]],
    most: int,
) -> tuple[GateNetlist, list[list[Gate]]]:
    """A repeater in the middle of every cluster of a wide net's inputs, behind a common one; `at` is where gates are,
    in sites and rows. No row gets more than `most` sites."""
    gates = {gate.name: gate for gate in netlist.gates}
    rows = [[gate.name for gate in line] for line in table]

    def put(gate: Gate, members: Sequence[str]) -> None:
        x = sum(at[name][0] for name in members) / len(members)
        y = sum(at[name][1] for name in members) / len(members)
        sizes = [sum(width(m.cells, gates[name]) for name in line) for line in rows]
        fits = [r for r, size in enumerate(sizes) if size + width(m.cells, gate) <= most]
        if not fits:
            raise InputError(f"placement: no row has room for the repeater {gate.name}")
        r = min(fits, key=lambda r: (abs(r - y) + sizes[r] / most, r))
        k = sum(at[name][0] < x for name in rows[r])
        rows[r].insert(k, gate.name)
        gates[gate.name], at[gate.name] = gate, (x, r)

    for net, found in wide.items():
        function, root, branch = _drives(m.cells, _is_clock(found))
        pins = {netlist.gates[k].name: pin for k, pin in found}
        stem, ends = f"{net}_tree", []
        for n, members in enumerate(_clusters(sorted(pins), at)):
            end = f"{stem}_{n}"
            put(Gate(f"x_{end}", function, branch, (("a", stem), (OUTPUT, end))), members)
            ends.append(f"x_{end}")
            for name in members:
                gates[name] = reconnect(gates[name], pins[name], end)
        put(Gate(f"x_{stem}", function, root, (("a", net), (OUTPUT, stem))), ends)
    lines = [[gates[name] for name in line] for line in rows]
    everything = tuple(gate for line in lines for gate in line)
    return GateNetlist(netlist.inputs, netlist.outputs, netlist.lines, everything), lines


def _clusters(names: Sequence[str], at: Mapping[str, tuple[float, int]]) -> list[list[str]]:
    """Neighbours together, at most LEAVES of them: halved across the longer side until they are few."""
    if len(names) <= LEAVES:
        return [list(names)]
    places = [at[name] for name in names]
    wide = max(x for x, _ in places) - min(x for x, _ in places)
    high = SITES_PER_ROW * (max(y for _, y in places) - min(y for _, y in places))
    axis = 0 if wide >= high else 1
    ordered = sorted(names, key=lambda name: (at[name][axis], at[name][1 - axis], name))
    half = len(ordered) // 2
    return [*_clusters(ordered[:half], at), *_clusters(ordered[half:], at)]


def _settle(m: PortMeasures, line: Sequence[Gate], row: int, sites: int, taps: Sequence[int]) -> list[Slot]:
    """Sites of a row's cells: what lies between two taps is filled in order, the free sites spread evenly."""
    tap = cell_geometry(m.cells, m.cells.tap).sites
    ends = [0, *(t + tap for t in taps)], [*taps, sites]
    rooms = [(low, high) for low, high in zip(*ends, strict=True) if high > low]
    widths = [width(m.cells, gate) for gate in line]
    cuts = _cut(widths, [high - low for low, high in rooms])
    if cuts is None:
        raise InputError(f"placement: the cells of row {row} do not fit between its taps")
    slots = [Slot(None, row, t) for t in taps]
    for (low, high), (start, end) in zip(rooms, cuts, strict=True):
        free, x, count = high - low - sum(widths[start:end]), low, end - start
        for n, k in enumerate(range(start, end)):
            x += free * (n + 1) // (count + 1) - free * n // (count + 1)
            slots.append(Slot(line[k], row, x))
            x += widths[k]
    return slots


def _cut(widths: Sequence[int], rooms: Sequence[int]) -> list[tuple[int, int]] | None:
    """Runs of consecutive cells, one for each room, as evenly full as whole cells allow; None if they do not fit.

    The fullest room's share is made as small as it can be, by trying shares from the mean upwards.
    """
    mean = sum(widths) / sum(rooms)
    for step in range(101):
        share = mean + (1 - mean) * step / 100
        cuts, start = [], 0
        for room in rooms:
            end, used = start, 0
            while end < len(widths) and used + widths[end] <= max(
                int(share * room), min(room, widths[end] * (used == 0))
            ):
                used += widths[end]
                end += 1
            cuts.append((start, end))
            start = end
        if start == len(widths):
            return cuts
    return None
