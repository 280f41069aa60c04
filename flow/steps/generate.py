"""Step generate: netlists and layout of the design."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from somaforge.flow.checks import antenna
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.flow.memory import port
from somaforge.generator import lef, matching, verilog
from somaforge.generator.design import Design
from somaforge.generator.layout import DrawnDesign, draw
from somaforge.generator.names import SYNAPSE
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import library
from somaforge.generator.picture import write_picture
from somaforge.generator.schematic import CELLS, write_schematics
from somaforge.generator.spec import Spec
from somaforge.generator.xschem import write as xschem
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout

XSCHEM = "schematic/xschem"
"""Folder of the sheets and symbols."""
SMALL = 200_000
"""Transistors up to which antenna ratios are looked at before anything else is done, in seconds: they are worst in
small arrays, whose lines have few gates. Step drc looks at every layout."""


def action(context: Context) -> Mapping[str, float]:
    """Both views of the design, made from one value."""
    design, folder = context.design, context.folder
    drawn = draw(design)
    write_spice(drawn.library, folder / "netlist.spice", "spice")
    write_spice(drawn.library, folder / "netlist.cdl", "cdl", drawn.block.roles())
    write_verilog(drawn, design, folder / "verilog")
    context.log(f"layout of {drawn.library.transistor_count()} transistors")
    drawn.write(folder / "layout.gds")
    if drawn.library.transistor_count() <= SMALL:
        require_no_antenna(design, folder / "layout.gds", drawn.top)
    drawn.write(folder / "layout.oas")
    abstract = lef.abstract(drawn.layout, design.pdk, drawn.block)
    atomic_write(folder / "macro.lef", lef.lef(abstract, design.pdk.rules))
    (folder / "schematic").mkdir()
    write_schematics(design, folder / "schematic")
    if design.pdk.symbols is not None:
        (folder / XSCHEM).mkdir()
        xschem.write_schematics(drawn.library, design.pdk.symbols, folder / XSCHEM)
    rules = matching.statements(design, drawn)
    atomic_write(folder / "matching.json", json.dumps([asdict(r) for r in rules], indent=1) + "\n")
    width = 1800
    x1, y1, x2, y2 = drawn.die
    height = min(max(round(width * (y2 - y1) / (x2 - x1)), 200), 3 * width)
    write_picture(design.pdk, folder / "layout.gds", drawn.top, folder / "layout.png", width, height)
    write_picture(design.pdk, folder / "layout.gds", design.cell(SYNAPSE), folder / "synapse.png", 900, 900)
    return {
        "design__synapses__count": design.synapse_count,
        "design__transistors__count": drawn.library.transistor_count(),
        "layout__matching__rules__count": len(rules),
        "layout__matching__followed__count": sum(r.followed for r in rules),
        **drawn.metrics(),
    }


def require_no_antenna(design: Design, layout: Path, top: str) -> None:
    """InputError if a wire charges gates too much while it is etched: what the spec asks for cannot be drawn so."""
    broken = [v for v in antenna.check(design.pdk, open_layout(layout, top)) if v.count]
    if broken:
        wire, unit, rule = broken[0].markers[0].bbox(), design.spec.array.mirror, broken[0].rule.name
        raise InputError(
            f"array: antenna rule {rule} is broken by a wire of {max(wire.width(), wire.height()):.0f} um at "
            f"({wire.center().x:.1f}, {wire.center().y:.1f}) um ({sum(v.count for v in broken)} in all): with "
            f"{unit.multiplier} units of {unit.w_um:g}/{unit.l_um:g} um in a mirror the wires past the somas are too "
            "long for the few gates on them; take shorter or fewer units (array.mirror), or larger layers"
        )


def write_verilog(drawn: DrawnDesign, design: Design, folder: Path) -> None:
    """Behaviour, the periphery's gates as laid out, and the port's test bench; pins alone if there is no port."""
    name, memory = design.spec.name, design.memory
    folder.mkdir()
    if drawn.macro is None:
        atomic_write(folder / f"{name}.v", verilog.pins(drawn.block))
        return
    atomic_write(folder / f"{name}.v", verilog.model(name, memory))
    atomic_write(folder / f"{name}_gates.v", verilog.gates(library(design.pdk), name, memory, drawn.macro.gates))
    port.write_bench(folder, name, memory)


def verilog_files(spec: Spec) -> tuple[str, ...]:
    """What write_verilog writes."""
    ends = (".v", "_gates.v", "_bench.v", "_steps.mem") if spec.array.has_port else (".v",)
    return tuple(f"verilog/{spec.name}{end}" for end in ends)


def xschem_files(spec: Spec) -> tuple[str, ...]:
    """The sheet of the top circuit, which leads to all others; none of a process without symbols."""
    return () if load(spec.pdk).symbols is None else (f"{XSCHEM}/{spec.name}.sch",)


STEP = Step(
    "generate",
    action,
    lambda spec: (
        *("netlist.spice", "netlist.cdl", "layout.gds", "layout.oas", "macro.lef", "layout.png", "synapse.png"),
        "matching.json",
        *(f"schematic/{cell}.svg" for cell in CELLS),
        *verilog_files(spec),
        *xschem_files(spec),
    ),
    config=silicon,
    tools=("klayout",),
)
