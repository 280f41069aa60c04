"""Step power: voltage drop and current density of the drawn supply nets at the sign-off input current."""

from collections.abc import Mapping
from dataclasses import asdict

from somaforge.flow.checks import power
from somaforge.flow.machinery.base import Context, JsonObject, Step, silicon
from somaforge.flow.machinery.records import write_json
from somaforge.generator.block import Role
from somaforge.generator.layout import top_block
from somaforge.generator.spec import Spec
from somaforge.pdk.extraction import extract


def action(context: Context) -> Mapping[str, float]:
    """Every soma at the sign-off input current, every synapse at its highest code, each where it lies.

    From above for the first layer; a hidden soma may carry more than the input current. A port's cells count as idle.
    """
    # A spec states one of the two (generator.spec.Input).
    given = context.spec.input
    loads = power.worst_loads(context.design, given.full_scale_A or given.mean_A or 0.0)
    pdk, block = context.design.pdk, top_block(context.design)
    extraction = extract(context.input("generate", "layout.gds"), context.spec.name, by=pdk.checks.connectivity)
    supplies = block.nets(Role.SUPPLY, Role.GROUND)
    grids = {net: power.grid(pdk.wires, extraction, net, block.ports, loads[net]) for net in supplies}
    write_json(context.folder / "grid.json", {net: asdict(grid) for net, grid in grids.items()})
    for net, grid in grids.items():
        context.log(
            f"{net}: {grid.current_A:.3g} A through {grid.resistors} resistors, drop {grid.drop_V:.3g} V, at most "
            f"{grid.density_ratio:.2g} of what {grid.densest} may carry"
        )
    return {
        "power__ir_drop_max__V": max(grid.drop_V for grid in grids.values()),
        "power__strap_current_density__ratio": max(grid.density_ratio for grid in grids.values()),
    }


def config(spec: Spec) -> JsonObject:
    """The silicon and its input current."""
    return {**silicon(spec), "input": spec.input.model_dump(mode="json")}


STEP = Step(
    "power",
    action,
    lambda spec: ("grid.json",),
    ("generate", "lvs"),
    config=config,
    tools=("klayout", "numpy", "scipy"),
)
"""It needs a layout that passed LVS: only then are the straps of a net joined."""
