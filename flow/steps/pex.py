"""Step pex: what the wiring adds, with the schematic's names. Runs on a layout that passed LVS only."""

from collections.abc import Mapping
from dataclasses import replace

from somaforge.flow.pex import annotate, extract, synapse_capacitance, write_csv, write_json, write_spice
from somaforge.flow.steps.base import Context, Step, silicon

SMALLEST_F = 2e-17
"""Couplings below this go to ground at both ends: on the 7-7-7 array that moves times to output by 0.3 ns and energy by
0.01 %, and halves the simulator's time."""


def action(context: Context) -> Mapping[str, float]:
    """Capacitances of every net and resistances of the wires that cells share, on the schematic."""
    layout, netlist = context.input("generate", "layout.gds"), context.input("generate", "netlist.spice")
    top, folder = context.spec.name, context.folder
    parasitics = extract(layout, top, netlist)
    context.log(f"{len(parasitics.couplings)} couplings, {len(parasitics.wires)} wires in segments")
    flat = annotate(context.design.flat, parasitics, smallest_F=SMALLEST_F)
    # For settled currents: the supply's resistance. Gates draw no current, so signal wires drop microvolts.
    settled = replace(annotate(context.design.flat, parasitics, wires="supply"), capacitors=())
    write_spice(flat, folder / "post_layout.spice", parasitics)
    write_json(flat, folder / "flat.json")
    write_json(settled, folder / "flat_dc.json")
    write_csv(parasitics, folder / "nets.csv")
    return {
        "pex__synapse__F": synapse_capacitance(parasitics),
        "pex__wiring__F": sum(c.farad for c in parasitics.couplings),
        "pex__capacitors__count": len(flat.capacitors),
        "pex__resistors__count": len(flat.resistors),
    }


STEP = Step(
    "pex",
    action,
    lambda spec: ("post_layout.spice", "flat.json", "flat_dc.json", "nets.csv"),
    ("generate", "lvs"),
    config=silicon,
    tools=("klayout", "numpy"),
)
