"""Decks and tables that check any layout: the shuttle's own deck by its parts, native rules, antenna, density, LVS."""

from collections.abc import Callable, Iterator

import klayout.db as kdb

from somaforge.flow.checks import antenna, density, drc, lvs
from somaforge.flow.checks.drc import Violations
from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.submitted import Submitted
from somaforge.pdk.errors import ToolError


def _part(part: str) -> Callable[[Submitted], Iterator[str]]:
    """The rules of one part of the shuttle's deck."""

    def find(submitted: Submitted) -> Iterator[str]:
        deck = submitted.pdk.checks.deck
        if deck is None:
            raise ToolError(f"{submitted.pdk.name} has no deck of a shuttle")
        for rule, places in submitted.deck.items():
            if deck.part_of(rule) == part and places:
                yield f"{rule}: {len(places)}, first at {_um(places[0].bbox())}"

    return find


def floating(submitted: Submitted) -> Iterator[str]:
    """Wires that touch no cut, but for pins of the frame that the chip does not use: the shuttle's wires end there."""
    deck = submitted.pdk.checks.deck
    if deck is None:
        raise ToolError(f"{submitted.pdk.name} has no deck of a shuttle")
    dbu = submitted.opened.layout.dbu
    pins = submitted.region(tuple(box for pin in submitted.frame.pins for _, box in pin.shapes)).merged()
    for rule, places in submitted.deck.items():
        if deck.part_of(rule) != "floating metal":
            continue
        loose = [p for p in places if not (kdb.Region(p.to_itype(dbu)) - pins).is_empty()]
        if loose:
            yield f"{rule}: {len(loose)}, first at {_um(loose[0].bbox())}"


def _um(box: kdb.DBox) -> str:
    return f"({box.left:g}, {box.bottom:g}; {box.right:g}, {box.top:g}) um"


def _broken(found: list[Violations]) -> Iterator[str]:
    for violations in found:
        if violations.count:
            yield f"{violations.rule.name}: {violations.count}, first at {_um(violations.markers[0].bbox())}"


def native(submitted: Submitted) -> Iterator[str]:
    """The native rule table, and layers that it does not look at."""
    yield from _broken(drc.check(submitted.pdk, submitted.opened))
    for layer in drc.unchecked(submitted.pdk, submitted.opened):
        yield f"no rule looks at layer {layer}"


def charged(submitted: Submitted) -> Iterator[str]:
    """Antenna ratios."""
    yield from _broken(antenna.check(submitted.pdk, submitted.opened))


def full(submitted: Submitted) -> Iterator[str]:
    """Metal density, native and by the shuttle's deck."""
    pdk, deck = submitted.pdk, submitted.pdk.checks.density.deck
    theirs = None if deck is None else density.run_deck(pdk, deck, submitted.opened, submitted.limit_s)
    yield from _broken(list(density.check(pdk, submitted.opened, theirs).violations))


def netlist(submitted: Submitted) -> Iterator[str]:
    """The GDS is the netlist beside it."""
    layout, _, spice = submitted.paths
    yield from lvs.run(submitted.pdk, layout, spice, submitted.top, None).mismatches


CHECKS = (
    ShuttleCheck("feol", "shuttle's deck: feol", _part("feol")),
    ShuttleCheck("beol", "shuttle's deck: beol", _part("beol")),
    ShuttleCheck("offgrid", "shuttle's deck: grid and angles", _part("offgrid")),
    ShuttleCheck("floating_metal", "shuttle's deck: floating metal, unused pins of the frame apart", floating),
    ShuttleCheck("native_drc", "native rule table", native),
    ShuttleCheck("antenna", "antenna ratios", charged),
    ShuttleCheck("density", "metal density, native and by the shuttle's deck", full),
    ShuttleCheck("lvs", "GDS against the netlist of the submission", netlist),
)
