"""Wires of the nets of the top cell, from the database that step lvs leaves."""

from pathlib import Path
from typing import Any

import klayout.db as kdb

from somaforge.flow.report.layout.shapes import Drawn, numbers
from somaforge.pdk.base import Pdk

MOST_DEVICES = 200_000
"""Of a layout whose nets are kept: more would make the report large and slow."""
MOST_SHAPES = 20_000
"""Of one net; the viewer says so where it left some out."""


def nets(pdk: Pdk, database: Path, top: str, roles: list[str]) -> list[dict[str, Any]]:
    """Name and shapes of every net of the cell `top` on the conductors among `roles` (the viewer's layers in order).

    Empty where the database has no such cell: a comparison that dissolved it.
    """
    lvs = kdb.LayoutVsSchematic()
    lvs.read(str(database))
    circuit = lvs.netlist().circuit_by_name(top)
    if circuit is None:
        return []
    there = {lvs.layer_name(index): index for index in lvs.layer_indexes()}
    wanted = [
        (str(place), there[pdk.wires.roles[role]])
        for place, role in enumerate(roles)
        if pdk.wires.roles.get(role) in there
    ]
    found = (_net(lvs, net, wanted) for net in circuit.each_net())
    return sorted((net for net in found if net["shapes"]), key=lambda net: str(net["name"]))


def _net(lvs: kdb.LayoutVsSchematic, net: kdb.Net, wanted: list[tuple[str, int]]) -> dict[str, Any]:
    drawn: Drawn = {}
    left, whole = MOST_SHAPES, True
    for place, index in wanted:
        region = lvs.shapes_of_net(net, lvs.layer_by_index(index), True)
        pieces = region.merged().decompose_trapezoids_to_region(kdb.Polygon.TD_htrapezoids)
        if pieces.count() > left:
            whole = False
        kept = numbers(polygon for _, polygon in zip(range(left), pieces.each(), strict=False))
        left -= len(kept)
        if kept:
            drawn[place] = kept
    return {"name": net.expanded_name(), "shapes": drawn, "whole": whole}
