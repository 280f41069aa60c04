"""Blocks as components of gdsfactory, with their ports, and back: for placing and routing with its functions.

gdsfactory is imported when it is asked for: it takes seconds.
"""

from typing import TYPE_CHECKING, Any

import klayout.db as kdb

from somaforge.generator.block import Block, Box, Port
from somaforge.pdk import Pdk

if TYPE_CHECKING:
    import gdsfactory as gf

UM = 1000
"""nm."""


def process(pdk: Pdk) -> "gf.Pdk":
    """The process as gdsfactory's active one: its layers by role. Components cannot be made without one."""
    import gdsfactory as gf

    found = gf.Pdk(name=pdk.name, layers=_layers(pdk), version=None)
    found.activate()
    return found


def _layers(pdk: Pdk) -> Any:
    from gdsfactory.technology import LayerMap

    return type("Layers", (LayerMap,), dict(pdk.layers))


def component(pdk: Pdk, block: Block) -> "gf.Component":
    """A block drawn as a component; a net with several ports has them as `net`, `net_1`, ..."""
    import gdsfactory as gf

    process(pdk)
    made = gf.Component(block.name)
    scratch = kdb.Layout()
    scratch.dbu = made.kcl.dbu
    made.kdb_cell.copy_tree(block.draw(scratch))
    counts: dict[str, int] = {}
    for port in block.ports:
        k = counts[port.net] = counts.get(port.net, -1) + 1
        name = f"{port.net}_{k}" if k else port.net
        x, y, width, angle = _edge(port, block.outline)
        made.add_port(
            name=name,
            center=(x / UM, y / UM),
            width=width / UM,
            orientation=angle,
            layer=pdk.layers[port.layer],
            port_type="electrical",
        )
    return made


def _edge(port: Port, outline: Box) -> tuple[int, int, int, int]:
    """Middle of the side of a port's box that is nearest to the block's edge, its width, and the way out in degrees."""
    x1, y1, x2, y2 = port.box
    sides = (
        (x1 - outline[0], (x1, (y1 + y2) // 2, y2 - y1, 180)),
        (outline[2] - x2, (x2, (y1 + y2) // 2, y2 - y1, 0)),
        (y1 - outline[1], ((x1 + x2) // 2, y1, x2 - x1, 270)),
        (outline[3] - y2, ((x1 + x2) // 2, y2, x2 - x1, 90)),
    )
    _, found = min(sides, key=lambda side: abs(side[0]))
    return found


def layout(made: "gf.Component") -> kdb.Layout:
    """A component as a layout of its own, without gdsfactory's metadata."""
    found = kdb.Layout()
    found.dbu = made.kcl.dbu
    found.create_cell(made.name).copy_tree(made.kdb_cell)
    return found
