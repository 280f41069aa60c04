"""Step pex: what the wiring adds, with the schematic's names. Runs on a layout that passed LVS only."""

import json
from collections.abc import Mapping
from dataclasses import replace

from somaforge.flow.engines.named import named
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.flow.pex import (
    Options,
    Parasitics,
    annotate,
    extract,
    synapse_parts,
    write_csv,
    write_hierarchical,
    write_json,
    write_lumped,
    write_spice,
)
from somaforge.pdk.files import atomic_write

SMALLEST_F = 2e-17
"""Couplings below this go to ground at both ends: on the 7-7-7 array that moves times to output by 0.3 ns and energy by
0.01 %, and halves the simulator's time."""

FLAT = ("flat.json", "flat_dc.json")
"""Netlists that ngspice runs whole."""


def action(context: Context) -> Mapping[str, float]:
    """Capacitances of every net and resistances of the wires that cells share, on the schematic."""
    layout, netlist = context.input("generate", "layout.gds"), context.input("generate", "netlist.spice")
    top, folder = context.design.library.top, context.folder
    parasitics = extract(context.design.pdk, layout, top, netlist)
    context.log(f"{len(parasitics.geometry.nets)} nets, {parasitics.distinct_windows} distinct tiles")
    totals = parasitics.total_capacitance()
    write_lumped(totals, folder / "lumped.json")
    write_csv(parasitics, folder / "nets.csv")
    synapse = synapse_parts(parasitics)
    atomic_write(folder / "synapse.json", json.dumps(vars(synapse), indent=1) + "\n")
    found = {"pex__synapse__F": synapse.row + synapse.column, "pex__nets__count": len(totals)}
    found["pex__wiring__F"] = float(parasitics.capacitances.couplings.farad.sum())
    if named(context.spec).in_full:
        return found | _flat(context, parasitics)
    # An array that only the array engine simulates whole has one subcircuit for each distinct cell.
    counts = write_hierarchical(parasitics, folder / "post_layout.spice", Options(smallest_F=SMALLEST_F))
    context.log(f"{counts.cells} cells of {counts.variants} kinds")
    return found | {"pex__capacitors__count": counts.capacitors, "pex__resistors__count": counts.resistors}


def _flat(context: Context, parasitics: Parasitics) -> dict[str, float]:
    """The flat post-layout netlist, with couplings and segments, for the reference simulator."""
    folder = context.folder
    flat = annotate(context.design.flat, parasitics, smallest_F=SMALLEST_F)
    # For settled currents: the supply's resistance. Gates draw no current, so signal wires drop microvolts.
    settled = replace(annotate(context.design.flat, parasitics, wires="supply"), capacitors=())
    write_spice(flat, folder / "post_layout.spice")
    write_json(flat, folder / "flat.json")
    write_json(settled, folder / "flat_dc.json")
    return {
        "pex__capacitors__count": len(flat.capacitors),
        "pex__resistors__count": len(flat.resistors),
    }


STEP = Step(
    "pex",
    action,
    lambda spec: (
        *(FLAT if named(spec).in_full else ()),
        "post_layout.spice",
        "lumped.json",
        "nets.csv",
        "synapse.json",
    ),
    ("generate", "lvs"),
    config=lambda spec: {**silicon(spec), "engine": spec.engine},
    limit_s=lambda spec: spec.time_limits.pex_s,
    tools=("klayout", "numpy"),
)
