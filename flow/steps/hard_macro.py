"""Step hard_macro: the macro for place and route of digital flows, drawn, checked, compared, with all of its views."""

from collections.abc import Mapping

import klayout.db as kdb

from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.flow.machinery.records import read_json
from somaforge.flow.memory.liberty import liberty, name_of
from somaforge.flow.steps.block_checks import REPORTS, require_clean
from somaforge.flow.steps.cells import PORT
from somaforge.generator import hard_macro, lef, verilog
from somaforge.generator.netlist import write_spice
from somaforge.generator.picture import write_picture
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import write_layout

FOLDER = "hard_macro"
"""Of the views, in the step's folder and in final/."""
CORNERS = ("typical", "slow", "fast")


def applies(spec: Spec) -> bool:
    """Whether there is one."""
    return spec.hard_macro


def config(spec: Spec) -> JsonObject:
    """Nothing without one."""
    return {**silicon(spec)} if applies(spec) else {}


def action(context: Context) -> Mapping[str, float]:
    """GDS, LEF, Liberty for each corner, Verilog, SPICE and CDL. CheckError for a layout that is not clean."""
    if not applies(context.spec):
        return {}
    design, folder = context.design, context.folder / FOLDER
    folder.mkdir()
    block, inside = hard_macro.hard_macro(design), context.spec.name
    drawn = kdb.Layout()
    drawn.dbu = 0.001
    block.draw(drawn)
    layout, netlist = context.folder / "layout.gds", context.folder / "netlist.spice"
    write_layout(drawn, layout)
    write_spice(block.library, netlist)
    clean = require_clean("hard macro", design.pdk, block.library, layout, netlist, context.spec.time_limits.precheck_s)
    write_layout(drawn, folder / f"{block.name}.gds")
    write_spice(block.library, folder / f"{block.name}.spice")
    write_spice(block.library, folder / f"{block.name}.cdl", "cdl", block.roles())
    atomic_write(folder / f"{block.name}.lef", lef.lef(lef.abstract(drawn, design.pdk, block), design.pdk.rules))
    atomic_write(folder / f"{block.name}_blackbox.v", verilog.hard(block, inside, "blackbox.v.j2"))
    atomic_write(folder / f"{block.name}.v", verilog.hard(block, inside, "wrapped.v.j2"))
    found = read_json(context.input("cells", PORT))
    for corner in CORNERS:
        context.log(f"{corner}: {name_of(found[corner]['at'])}")
        atomic_write(folder / f"{block.name}_{corner}.lib", liberty(block, found[corner]))
    x1, y1, x2, y2 = block.outline
    write_picture(
        design.pdk, layout, block.name, context.folder / "layout.png", 1800, round(1800 * (y2 - y1) / (x2 - x1))
    )
    return {
        "hard_macro__die__um2": (x2 - x1) * (y2 - y1) / 1e6,
        "hard_macro__violations__count": clean.violations,
        "hard_macro__mismatches__count": clean.mismatches,
    }


def files(spec: Spec) -> tuple[str, ...]:
    """What the step writes."""
    if not applies(spec):
        return ()
    name = f"{spec.name}_{hard_macro.ROLE}"
    ends = (".gds", ".spice", ".cdl", ".lef", ".v", "_blackbox.v", *(f"_{corner}.lib" for corner in CORNERS))
    return ("layout.gds", "layout.png", "netlist.spice", *REPORTS, *(f"{FOLDER}/{name}{end}" for end in ends))


STEP = Step(
    "hard_macro",
    action,
    files,
    ("cells",),
    config=config,
    idle=lambda spec: "" if applies(spec) else "no `chip.hard_macro` in the spec",
    tools=("klayout", "klayout-application", "pdk"),
    limit_s=lambda spec: spec.time_limits.drc_s,
)
