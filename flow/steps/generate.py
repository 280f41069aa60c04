"""Step generate: netlists and layout of the design."""

from collections.abc import Mapping

from somaforge.flow.steps.base import Context, Step, silicon
from somaforge.generator import layout
from somaforge.generator.netlist import write_spice


def action(context: Context) -> Mapping[str, float]:
    """Both views of the design, made from one value."""
    design, folder = context.design, context.folder
    write_spice(design.library, folder / "netlist.spice", "spice")
    write_spice(design.library, folder / "netlist.cdl", "cdl")
    context.log(f"layout of {design.library.transistor_count()} transistors")
    sizes = layout.write(design, folder / "layout.gds", folder / "layout.oas", folder / "layout.png")
    return {
        "design__synapses__count": design.synapse_count,
        "design__transistors__count": design.library.transistor_count(),
        **sizes,
    }


STEP = Step(
    "generate",
    action,
    lambda spec: ("netlist.spice", "netlist.cdl", "layout.gds", "layout.oas", "layout.png"),
    config=silicon,
    tools=("klayout",),
)
