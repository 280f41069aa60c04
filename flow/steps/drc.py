"""Step drc: the native rule table and the shuttle's precheck deck on the generated layout."""

import json
from collections.abc import Mapping

from somaforge.flow.checks import drc, precheck
from somaforge.flow.steps.base import Context, Step, silicon
from somaforge.pdk.files import atomic_write

PRECHECK_TIMEOUT_S = 3600.0


def action(context: Context) -> Mapping[str, float]:
    """Counts of both decks; reports and counts per rule stay in the folder."""
    layout, top = context.input("generate", "layout.gds"), context.spec.name
    context.log("native rule table")
    native = drc.run(layout, top, context.folder / "drc_native.lyrdb")
    context.log("precheck deck in the KLayout application")
    deck = precheck.run(layout, top, context.folder / "drc_precheck.lyrdb", PRECHECK_TIMEOUT_S)
    rules = {"native": native, "precheck": deck}
    atomic_write(context.folder / "rules.json", json.dumps(rules, indent=1) + "\n")
    return {
        "drc__native__count": sum(native.values()),
        "drc__native__rules__count": len(native),
        "drc__precheck__count": sum(deck.values()),
        "drc__precheck__rules__count": len(deck),
    }


STEP = Step(
    "drc",
    action,
    lambda spec: ("drc_native.lyrdb", "drc_precheck.lyrdb", "rules.json"),
    ("generate",),
    config=silicon,
    tools=("klayout", "klayout-application", "pdk-sky130"),
    checks=("drc__native__count", "drc__precheck__count"),
)
