"""Step drc: native rules, the shuttle's precheck deck, antenna ratios and metal density of the generated layout."""

import json
from collections.abc import Mapping

from somaforge.flow.checks import antenna, density, drc, precheck
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.pdk.files import atomic_write
from somaforge.pdk.layout_file import open_layout


def action(context: Context) -> Mapping[str, float]:
    """Counts of every deck; reports and counts per rule stay in the folder."""
    layout, top = context.input("generate", "layout.gds"), context.spec.name
    pdk = context.design.pdk
    limit = context.spec.time_limits.precheck_s
    context.log("native rule table")
    native = drc.run(pdk, layout, top, context.folder / "drc_native.lyrdb")
    unchecked = drc.unchecked(pdk, open_layout(layout, top))
    for layer in unchecked:
        context.log(f"no rule looks at layer {layer}")
    context.log("precheck deck in the KLayout application")
    deck = precheck.run(pdk, layout, top, context.folder / "drc_precheck.lyrdb", limit)
    context.log("antenna ratios")
    charged = antenna.run(pdk, layout, top, context.folder / "drc_antenna.lyrdb")
    context.log("metal density")
    full = density.run(pdk, layout, top, context.folder / "drc_density.lyrdb", limit)
    rules = {"native": native, "precheck": deck, "antenna": charged, "density": full}
    atomic_write(context.folder / "rules.json", json.dumps(rules, indent=1) + "\n")
    return {
        "drc__native__count": sum(native.values()),
        "drc__native__rules__count": len(native),
        "drc__unchecked_layers__count": len(unchecked),
        "drc__precheck__count": sum(deck.values()),
        "drc__precheck__rules__count": len(deck),
        "drc__antenna__count": sum(charged.values()),
        "drc__antenna__rules__count": len(charged),
        "drc__density__count": sum(full.values()),
        "drc__density__rules__count": len(full),
    }


STEP = Step(
    "drc",
    action,
    lambda spec: (
        "drc_native.lyrdb",
        "drc_precheck.lyrdb",
        "drc_antenna.lyrdb",
        "drc_density.lyrdb",
        "rules.json",
    ),
    ("generate",),
    config=silicon,
    limit_s=lambda spec: spec.time_limits.drc_s,
    tools=("klayout", "klayout-application", "pdk"),
    checks=(
        "drc__native__count",
        "drc__unchecked_layers__count",
        "drc__precheck__count",
        "drc__antenna__count",
        "drc__density__count",
    ),
)
