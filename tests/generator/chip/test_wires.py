"""Wires on the grid: as long as they must be, around what is there, and never on each other's places."""

from collections.abc import Sequence

import klayout.db as kdb
import numpy as np
import pytest

from somaforge.generator.block import Box, Port, Role
from somaforge.generator.chip.access import Access, End, accesses
from somaforge.generator.chip.grid import LAYERS, Grid, Node, Tracks
from somaforge.generator.chip.jumpers import TOP, bare_nm, put_jumpers
from somaforge.generator.chip.near import Boxes
from somaforge.generator.chip.route import Route
from somaforge.generator.chip.search import FAR, Price, cheapest, scratch_for
from somaforge.generator.chip.supply import Strap, rails
from somaforge.generator.chip.wires import join
from somaforge.pdk import load
from somaforge.pdk.errors import InputError

PDK = load("sky130")
OUTLINE = (0, 0, 40000, 40000)


def grid(**drawn: Sequence[Box]) -> Grid:
    regions = {layer: kdb.Region() for layer in LAYERS}
    for layer, boxes in drawn.items():
        for box in boxes:
            regions[layer].insert(kdb.Box(*box))
    return Grid(Tracks(PDK, OUTLINE), regions)


def pin(net: str, x: int, y: int, layer: str = "column") -> End:
    return End(Port(net, Role.DIGITAL_INPUT, layer, (x - 150, y - 150, x + 150, y + 150)))


def steps(route: Route) -> int:
    return sum(len(path) - 1 for path in route.paths)


def test_the_pitch_is_two_pads_and_their_space() -> None:
    """Smallest area 0.24 um2 on the upper layers: pads of 0.49 um, 0.3 um apart, so tracks of 0.8 um."""
    tracks = Tracks(PDK, OUTLINE)
    assert 2 * tracks.own.lone_pad_half + PDK.rules.column.space <= tracks.pitch == 800


def test_a_free_way_is_as_long_as_it_must_be() -> None:
    """Straight up on the layer whose wires run that way, from within one pin of the chip to within the other."""
    places = {"up": [pin("up", 10000, 0), pin("up", 10000, 40000)]}
    routes = join(grid(), places)
    [path] = routes["up"].paths
    assert {node[0] for node in path} == {LAYERS.index("column")}
    assert steps(routes["up"]) == 40000 // 800 - 1


def test_it_goes_around_what_is_there() -> None:
    wall = (0, 20000, 39000, 20300)
    free, around = (
        join(grid(**drawn), {"n": [pin("n", 10000, 0), pin("n", 10000, 40000)]})["n"]
        for drawn in ({}, {layer: [wall] for layer in LAYERS})
    )
    # By hand: to the right end of the wall and back, 2 x 29 um on tracks of 0.8 um, and some for the corners.
    assert steps(free) + 2 * 29000 // 800 <= steps(around) <= steps(free) + 2 * 30000 // 800 + 12


def test_no_way_is_said() -> None:
    wall = (0, 20000, 40000, 20300)
    with pytest.raises(InputError, match="chip: no way for the wire n; give its blocks more room"):
        join(grid(**{layer: [wall] for layer in LAYERS}), {"n": [pin("n", 10000, 0), pin("n", 10000, 40000)]})


def test_two_nets_share_no_place() -> None:
    """Ten nets whose ends are crossed."""
    nets = {f"n_{k}": [pin(f"n_{k}", 4000 + 1600 * k, 0), pin(f"n_{k}", 20000 - 1600 * k, 40000)] for k in range(10)}
    routes = join(grid(), nets)
    taken = [node for route in routes.values() for node in route.nodes()]
    assert len(taken) == len(set(taken))


def test_ports_closer_than_tracks_are_fanned_out() -> None:
    """Eight ports 0.66 um apart at a block's left edge: eight tracks in their order, all pieces the space apart."""
    block = (20000, 5000, 39000, 35000)
    ends = [
        End(Port(f"n_{k}", Role.DIGITAL_INPUT, "column", (20000, 19850 + 660 * k, 20300, 20150 + 660 * k)), block)
        for k in range(8)
    ]
    made = grid(column=[end.port.box for end in ends])
    found = accesses(made, ends)
    rows = [found[end].node[2] for end in ends]
    assert rows == sorted(set(rows))
    assert all(found[end].node[1] < 25 for end in ends)
    space = PDK.rules.column.space
    for a in ends:
        for b in ends:
            if a is not b:
                for one in found[a].stub:
                    near = kdb.Box(*one).enlarged(space - 1, space - 1)
                    assert not any(near.touches(kdb.Box(*other)) for other in found[b].stub)


def test_a_foreign_wire_at_a_port_is_seen() -> None:
    """The port's own wire leads out to the left; one of another net 0.1 um above it leaves no way."""
    block = (20000, 5000, 39000, 35000)
    end = End(Port("n", Role.DIGITAL_INPUT, "column", (20000, 19850, 20300, 20150)), block)
    assert accesses(grid(column=[end.port.box]), [end])
    with pytest.raises(ValueError, match="net n: no free way out of its port"):
        accesses(grid(column=[end.port.box, (18000, 20250, 19900, 20500)]), [end])


def test_boxes_of_the_same_net_may_touch() -> None:
    """Of another one they may come as near as the space, to the nanometre, along x or along y."""
    taken = Boxes([("a", (0, 0, 100, 100)), ("b", (1000, 0, 1100, 100))])
    assert not taken.too_near("a", (100, 0, 860, 100), 140)
    assert taken.too_near("a", (100, 0, 861, 100), 140)
    assert taken.too_near("c", (0, 239, 100, 300), 140)
    assert not taken.too_near("c", (0, 240, 100, 300), 140)


def test_a_search_leaves_its_scratch_as_it_was() -> None:
    """Whether it finds a way or none; so the next one costs what it looks at, not what the chip is large."""
    wire, zeros = np.ones((3, 30, 20), dtype=np.bool_), np.zeros((3, 30, 20), dtype=np.int32)
    scratch, goals, across = (
        scratch_for(wire),
        np.zeros(wire.shape, dtype=np.bool_),
        np.array([1, 0, 1], dtype=np.int32),
    )
    goals[0, 25, 5] = True
    start, box = np.array([[0, 5, 5]], dtype=np.int32), np.array([25, 25, 5, 5], dtype=np.int32)
    for way, length in ((wire, 21), (wire & (np.arange(30) != 15)[:, None], 0)):
        found = cheapest(way, way[:2], Price(zeros, zeros, zeros), across, start, goals, box, (2, 4), scratch)
        assert len(found) == length
        assert (scratch.best == FAR).all()
        assert (scratch.before == -1).all()


Joined = tuple[Grid, Route, dict[End, Access]]


def joined_above(length: int) -> Joined:
    """A gate and its driver: so many steps of `column` up from the gate, then `strap` alone to the driver."""
    made = Grid(Tracks(PDK, (0, 0, 160_000, 160_000)), {layer: kdb.Region() for layer in LAYERS})
    up = [(1, 5, 1 + j) for j in range(length + 1)]
    over = [(2, 5 + i, 1 + length) for i in range(30)]
    roles = {Role.DIGITAL_INPUT: up[0], Role.DIGITAL_OUTPUT: over[-1]}
    ends = {
        End(Port("n", role, "column", (*made.tracks.at(node), *made.tracks.at(node))), (0, 0, 1, 1)): Access(node, ())
        for role, node in roles.items()
    }
    return made, Route("n", [[*up, *over]], [("column", access) for access in ends.values()]), ends


def bare(joined: Joined) -> int:
    made, route, places = joined
    return bare_nm(made, route, list(places), places, next(iter(places)))


def hop(joined: Joined, taken: Sequence[Node] = ()) -> list[Node]:
    """The nodes of `strap` at the gate's end after jumpers are put, where others have `taken` some."""
    made, route, places = joined
    used = np.zeros(made.wire.shape, dtype=np.int32)
    for node in taken:
        used[node] = 1
    before = route.nodes()
    put_jumpers(made, {"n": route}, {"n": list(places)}, places, used)
    return sorted(node for node in route.nodes() - before if node[0] == TOP)


def test_a_long_wire_below_the_highest_conductor_gets_a_jumper_near_its_gate() -> None:
    """Steps of 0.8 um: 45 are 36 um and may stay, 100 are 80 um, which 0.25 um2 of gate do not bear."""
    short, long = joined_above(45), joined_above(100)
    assert (bare(short), bare(long)) == (36_000, 80_000)
    assert hop(short) == []
    assert hop(long) == [(TOP, 5, 1), (TOP, 5, 2), (TOP, 5, 3)]
    assert bare(long) == 0
    taken = joined_above(100)
    assert hop(taken, [(TOP, 5, j) for j in range(11)]) == [(TOP, 5, 11), (TOP, 5, 12), (TOP, 5, 13)]
    assert bare(taken) == 10 * 800
    full = joined_above(100)
    assert hop(full, [(TOP, 5, j) for j in range(101)]) == []  # no room: left as it is, for the antenna rules to find
    assert bare(full) == 80_000


def test_a_wire_that_meets_its_driver_below_needs_none() -> None:
    """The driver's junctions take the charge, however long the wire is."""
    made, route, places = joined_above(100)
    gate, driver = places
    below = {gate: places[gate], driver: Access((1, 5, 90), ())}
    assert bare_nm(made, route, list(below), below, gate) == 0


def test_rails_meet_the_straps_of_their_net() -> None:
    """One below crosses every strap of its net; one on the straps' layer ends at the first one on either side."""
    straps = [Strap("gnd", 2000, 1200), Strap("vdd", 5000, 1200), Strap("gnd", 35000, 1200)]
    low = Port("gnd", Role.GROUND, "inner", (1000, 0, 39000, 350))
    high = Port("gnd", Role.GROUND, "strap", (10000, 9700, 30000, 10300))
    drawn = {layer.role: kdb.Region() for layer in PDK.rules.conductors}
    drawn |= {p.layer: kdb.Region(kdb.Box(*p.box)) for p in (low, high)}
    assert [rail.strap.x for rail in rails(PDK, [low], straps, drawn)] == [2000, 35000]
    in_the_way = {**drawn, "column": kdb.Region(kdb.Box(1500, 0, 1800, 5000))}
    assert [rail.strap.x for rail in rails(PDK, [low], straps, in_the_way)] == [35000]
    assert [rail.strap.x for rail in rails(PDK, [high], straps, drawn)] == [35000]
    lone = Port("vdd", Role.SUPPLY, "strap", (30000, 9700, 34000, 10300))
    with pytest.raises(InputError, match="no strap of vdd over or beside the rail"):
        list(rails(PDK, [lone], [Strap("gnd", 28000, 1200), *straps[2:]], {"strap": kdb.Region(kdb.Box(*lone.box))}))


def test_a_block_that_joins_its_own_rails_needs_one_of_them_at_a_strap() -> None:
    """The rows of a large macro beside its empty corner end at no strap of ground."""
    straps = [Strap("vdd", 5000, 1200), Strap("gnd", 35000, 1200)]
    ports = [Port("gnd", Role.GROUND, "strap", (10000, y, 30000, y + 600)) for y in (1000, 9000)]
    corner = [(31000, 8000, 40000, 12000)]
    drawn = {"strap": kdb.Region([kdb.Box(*p.box) for p in ports])}
    with pytest.raises(InputError, match="no strap of gnd over or beside the rail at"):
        list(rails(PDK, ports, straps, drawn, corner))
    (found,) = rails(PDK, ports, straps, drawn, corner, ports)
    assert found.box == ports[0].box
    with pytest.raises(InputError, match="no strap of gnd over or beside any rail of the block"):
        list(rails(PDK, ports, straps[:1], drawn, corner, ports))
