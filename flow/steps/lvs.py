"""Step lvs: the layout is the netlist. klayout compares the whole network, netgen every cell."""

from collections.abc import Mapping

from somaforge.flow.checks import lvs, netgen
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.pdk.files import atomic_write


def action(context: Context) -> Mapping[str, float]:
    """Devices, W, L, nets and pins compared; every difference is a line of mismatches.txt."""
    layout, netlist = context.input("generate", "layout.gds"), context.input("generate", "netlist.spice")
    result = lvs.run(context.design.pdk, layout, netlist, context.spec.name, context.folder / "lvs.lvsdb")
    for line in result.mismatches:
        context.log(line)
    limit_s, folder = context.spec.time_limits.netgen_s, context.folder / "netgen"
    second = {
        cell: netgen.compare(context.design.pdk, layout, netlist, cell, folder / cell, limit_s)
        for cell in context.design.library.cells()
    }
    context.log(f"netgen: {second}")
    atomic_write(context.folder / "mismatches.txt", "".join(f"{line}\n" for line in result.mismatches))
    return {
        "lvs__mismatches__count": len(result.mismatches),
        "netgen__mismatches__count": sum(second.values()),
        "netgen__cells__count": len(second),
        "lvs__devices__count": result.devices,
        "lvs__nets__count": result.nets,
    }


STEP = Step(
    "lvs",
    action,
    lambda spec: ("lvs.lvsdb", "mismatches.txt"),
    ("generate",),
    config=silicon,
    tools=("klayout", "netgen"),
    checks=("lvs__mismatches__count", "netgen__mismatches__count"),
    gate=True,
    limit_s=lambda spec: spec.time_limits.lvs_s,
)
