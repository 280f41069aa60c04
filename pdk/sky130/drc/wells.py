"""Taps and latch-up, which the shuttle's deck leaves to the designer; grid, angles, pins."""

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.drawn import Found
from somaforge.pdk.sky130.drc.layers import Layers, Rule
from somaforge.pdk.sky130.gds import DEVICE, DRAWN, PINS

# LU.2, LU.3 (sky130 PDK documentation, "Latch-up rules"): devices within 15 um of a tap of their well.
TAP_REACH_NM = 15000
# Growth inside a well goes in steps below nwell.2a (1270 nm), so that no step can jump into the next well.
STEP_NM = 1200
# Octagonal growth (mode 2 keeps corners square): a corner reached diagonally counts, as in the foundry's deck.
SIZE_MODE = 2

GRID_NM = 5

# x.2: layers with right angles alone; all others may have 45 degrees (x.3a).
ORTHOGONAL = frozenset({"diff", "tap", "poly", "li", "licon", "mcon", "via", "via2", "via3", "via4", "capm", "cap2m"})
MASKS = {**DRAWN, **DEVICE}


def _tapped_by_neighbours(layers: Layers) -> kdb.Region:
    """Wells of a lone standard cell that go on beyond its left or right edge."""
    box = layers.lone_cell.bbox()
    if box.empty():
        return kdb.Region()
    far = layers.dbu(1000)
    sides = kdb.Region(kdb.Box(box.left - far, box.bottom - far, box.left, box.top + far))
    sides.insert(kdb.Box(box.right, box.bottom - far, box.right + far, box.top + far))
    return layers.drawn("nwell").merged().overlapping(sides)


def _untapped_wells(layers: Layers) -> Found:
    return layers.drawn("nwell").merged().not_interacting(layers.ntap) - _tapped_by_neighbours(layers)


def _far_in_well(layers: Layers) -> Found:
    well = layers.drawn("nwell").merged()
    reached = layers.ntap
    grown = 0
    while grown < TAP_REACH_NM:
        step = min(STEP_NM, TAP_REACH_NM - grown)
        reached = reached.sized(layers.dbu(step), SIZE_MODE) & well
        grown += step
    return layers.pdiff - reached - _tapped_by_neighbours(layers)


def _far_in_substrate(layers: Layers) -> Found:
    if layers.ptap.is_empty() and not layers.lone_cell.is_empty():
        return kdb.Region()
    return layers.ndiff - layers.ptap.sized(layers.dbu(TAP_REACH_NM), SIZE_MODE)


def _angle(name: str) -> Rule:
    only = 90 if name in ORTHOGONAL else 45
    rule = "x.2" if only == 90 else "x.3a"
    text = f"{name} edges in steps of {only} degrees ({rule})"
    return Rule(f"{name}.angle", text, 0, lambda r: _odd_edges(r, name), general=True)


def _odd_edges(layers: Layers, name: str) -> kdb.Edges:
    kind = kdb.Edges.EdgeType.OrthoEdges if name in ORTHOGONAL else kdb.Edges.EdgeType.OrthoDiagonalEdges
    return layers.drawn(name).merged().edges().with_angle(kind, True)


def _pin(name: str) -> Rule:
    text = f"{name} pin shapes on {name} (x.5)"
    return Rule(f"{name}.pin", text, 0, lambda r: r.pins(name) - r.drawn(name), general=True)


def _grid(name: str) -> Rule:
    text = f"{name} on the 5 nm grid"
    return Rule(f"{name}.grid", text, GRID_NM, lambda r: m.off_grid(r, r.drawn(name), GRID_NM), general=True)


WELLS: tuple[Rule, ...] = (
    Rule("nwell.4", "nwell without a contacted n+ tap", 0, _untapped_wells),
    Rule("LU.2", "n+ diff further than 15 um from a p+ tap", TAP_REACH_NM, _far_in_substrate),
    Rule("LU.3", "p+ diff further than 15 um from an n+ tap in its well", TAP_REACH_NM, _far_in_well),
    *(_grid(name) for name in MASKS),
    *(_angle(name) for name in MASKS),
    *(_pin(name) for name in PINS),
)
