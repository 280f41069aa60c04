"""Step generate: netlists and layout of the design."""

from collections.abc import Mapping
from pathlib import Path

from somaforge.flow import port
from somaforge.flow.steps.base import Context, Step, silicon
from somaforge.generator import verilog
from somaforge.generator.address import memory_map
from somaforge.generator.design import Design
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery import netlist as periphery
from somaforge.generator.picture import write_picture


def action(context: Context) -> Mapping[str, float]:
    """Both views of the design, made from one value."""
    design, folder = context.design, context.folder
    write_spice(design.library, folder / "netlist.spice", "spice")
    write_spice(design.library, folder / "netlist.cdl", "cdl")
    write_verilog(design, folder / "verilog")
    context.log(f"layout of {design.library.transistor_count()} transistors")
    drawn = draw(design)
    drawn.write(folder / "layout.gds")
    drawn.write(folder / "layout.oas")
    width = 1800
    x1, y1, x2, y2 = drawn.plan.die
    height = min(max(round(width * (y2 - y1) / (x2 - x1)), 200), 3 * width)
    write_picture(design.pdk, folder / "layout.gds", drawn.top, folder / "layout.png", width, height)
    write_picture(design.pdk, folder / "layout.gds", "synapse", folder / "synapse.png", 900, 900)
    return {
        "design__synapses__count": design.synapse_count,
        "design__transistors__count": design.library.transistor_count(),
        **drawn.metrics(),
    }


def write_verilog(design: Design, folder: Path) -> None:
    """Behavioural view, the periphery's gates, and the test bench of the port with its steps."""
    name, memory = design.spec.name, memory_map(design.layers, design.weights.bits)
    folder.mkdir()
    (folder / f"{name}.v").write_text(verilog.model(name, memory), encoding="ascii")
    (folder / f"{name}_gates.v").write_text(verilog.gates(name, memory, periphery.build(memory)), encoding="ascii")
    port.write_bench(folder, name, memory)


STEP = Step(
    "generate",
    action,
    lambda spec: (
        *("netlist.spice", "netlist.cdl", "layout.gds", "layout.oas", "layout.png", "synapse.png"),
        *(f"verilog/{spec.name}{end}" for end in (".v", "_gates.v", "_bench.v", "_steps.mem")),
    ),
    config=silicon,
    tools=("klayout",),
)
