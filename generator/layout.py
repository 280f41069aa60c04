"""Draws a Design: the array, or the macro of array and port. Writes GDS and OASIS."""

from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.array import array_block, floorplan
from somaforge.generator.block import Block
from somaforge.generator.circuit import Library
from somaforge.generator.design import Design
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.periphery.macro import Macro, macro_block
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import write_layout


@dataclass(frozen=True)
class DrawnDesign:
    """The finished layout with the plan that it was drawn from."""

    layout: kdb.Layout
    plan: Floorplan
    block: Block
    """The top cell: its circuit and ports."""
    macro: Macro | None = None
    """What the port adds."""

    @property
    def top(self) -> str:
        """The top cell."""
        return self.block.name

    @property
    def library(self) -> Library:
        """Schematic of the top cell."""
        return self.block.library

    @property
    def die(self) -> tuple[int, int, int, int]:
        """Outline of the top cell in nm: x1, y1, x2, y2."""
        return self.block.outline

    def metrics(self) -> dict[str, float]:
        """Areas in um2 and the share of the macro that cells cover."""
        core, die = _area_um2(self.plan.die), _area_um2(self.die)
        cells = self.plan.cell_area_um2()
        periphery = 0.0 if self.macro is None else self.macro.cell_area_um2
        return {
            "layout__synapse__um2": self.plan.synapse.width * self.plan.rows.height / 1e6,
            "layout__soma__um2": self.plan.soma.width * self.plan.rows.height / 1e6,
            "layout__die__um2": die,
            "layout__utilization__ratio": (cells + periphery) / die,
            "layout__core_utilization__ratio": cells / core,
        }

    def write(self, path: Path) -> None:
        """Write GDS (.gds) or OASIS (.oas)."""
        write_layout(self.layout, path)


def require_drawable(design: Design) -> None:
    """InputError with the key that cannot be drawn; draws nothing."""
    plan = floorplan(design)
    climbing = [m for m, columns in enumerate(design.layers[1:-1]) if any(plan.climbs(m, c) for c in range(columns))]
    if climbing and design.highest != design.pdk.rules.top.role:
        raise InputError(
            f"array.layers: sums of matrix {climbing[0]} cross the next one on the highest conductor, which the frame "
            "(chip.frame) or the flow around a hard macro (chip.hard_macro) keeps to itself; take other layers or "
            "another frame"
        )
    for bank in range(len(design.memory.banks)):
        for row in design.memory.word_rows(bank):
            plan.word_pin(bank, row)


def draw(design: Design) -> DrawnDesign:
    """Draw the whole network; InputError if a parameter cannot be drawn."""
    plan = floorplan(design)
    block, macro = _blocks(design, plan)
    layout = kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    return DrawnDesign(layout, plan, block, macro)


def top_block(design: Design) -> Block:
    """The block of the top cell, not drawn: its circuit and ports; InputError if a parameter cannot be drawn."""
    return _blocks(design, floorplan(design))[0]


def _blocks(design: Design, plan: Floorplan) -> tuple[Block, Macro | None]:
    """The top cell's block, and the macro if the array has a port."""
    array = array_block(design, plan)
    if not design.spec.array.has_port:
        return array, None
    macro = macro_block(design.pdk, array, plan, design.spec.name, design.highest, design.guarded)
    return macro.block, macro


def _area_um2(outline: tuple[int, int, int, int]) -> float:
    x1, y1, x2, y2 = outline
    return (x2 - x1) * (y2 - y1) / 1e6
