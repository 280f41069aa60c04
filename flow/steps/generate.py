"""Step generate: netlists and layout of the design."""

from collections.abc import Mapping
from pathlib import Path

from somaforge.flow import port
from somaforge.flow.steps.base import Context, Step, silicon
from somaforge.generator import lef, verilog
from somaforge.generator.address import memory_map
from somaforge.generator.design import Design
from somaforge.generator.layout import DrawnDesign, draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery import netlist as periphery
from somaforge.generator.picture import write_picture
from somaforge.pdk.files import atomic_write


def action(context: Context) -> Mapping[str, float]:
    """Both views of the design, made from one value."""
    design, folder = context.design, context.folder
    drawn = draw(design)
    write_spice(drawn.library, folder / "netlist.spice", "spice")
    write_spice(drawn.library, folder / "netlist.cdl", "cdl")
    write_verilog(drawn, design, folder / "verilog")
    context.log(f"layout of {drawn.library.transistor_count()} transistors")
    drawn.write(folder / "layout.gds")
    drawn.write(folder / "layout.oas")
    abstract = lef.abstract(drawn.layout, design.pdk, drawn.library, drawn.die)
    atomic_write(folder / "macro.lef", lef.lef(abstract))
    width = 1800
    x1, y1, x2, y2 = drawn.die
    height = min(max(round(width * (y2 - y1) / (x2 - x1)), 200), 3 * width)
    write_picture(design.pdk, folder / "layout.gds", drawn.top, folder / "layout.png", width, height)
    write_picture(design.pdk, folder / "layout.gds", "synapse", folder / "synapse.png", 900, 900)
    return {
        "design__synapses__count": design.synapse_count,
        "design__transistors__count": drawn.library.transistor_count(),
        **drawn.metrics(),
    }


def write_verilog(drawn: DrawnDesign, design: Design, folder: Path) -> None:
    """Behavioural view, the periphery's gates (those of the layout, where it has them), and the port's test bench."""
    name, memory = design.spec.name, memory_map(design.layers, design.weights.bits)
    folder.mkdir()
    (folder / f"{name}.v").write_text(verilog.model(name, memory), encoding="ascii")
    gates = periphery.build(memory) if drawn.macro is None else drawn.macro.gates
    (folder / f"{name}_gates.v").write_text(verilog.gates(name, memory, gates), encoding="ascii")
    port.write_bench(folder, name, memory)


STEP = Step(
    "generate",
    action,
    lambda spec: (
        *("netlist.spice", "netlist.cdl", "layout.gds", "layout.oas", "macro.lef", "layout.png", "synapse.png"),
        *(f"verilog/{spec.name}{end}" for end in (".v", "_gates.v", "_bench.v", "_steps.mem")),
    ),
    config=silicon,
    tools=("klayout",),
)
