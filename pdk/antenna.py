"""Antenna ratios: what the plasma charges while a layer is etched, against the gates that hang on it.

A net is what is connected when its layer is etched: this layer and those below.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.pdk.drawn import Drawn


@dataclass(frozen=True)
class AntennaRule:
    """EA / gate area - diode_slope * diode area - diode_bonus (with any diode) must not exceed `limit`."""

    name: str
    layer: str
    """Drawn layer that is etched."""
    joins: str
    """The layer below that it connects to; empty for the gate's layer."""
    thickness_um: float
    """Final thickness of a wire: EA is its perimeter times this. 0 for contacts: EA is their area."""
    limit: float
    diode_slope: float | None = None
    """Per um2 of diode; None where diodes do not help."""
    diode_bonus: float = 0.0

    @property
    def description(self) -> str:
        """For people."""
        what = "perimeter area" if self.thickness_um else "area"
        return f"{self.layer} {what} over gate area"


@dataclass(frozen=True)
class Charged:
    """What is charged and what discharges it, in one layout."""

    layers: Drawn
    gate_wire: kdb.Region
    """Drawn layer of which gates are made."""
    gate: kdb.Region
    """Channels."""
    diode: kdb.Region
    """Junctions that discharge a net."""
    short: kdb.Region
    """Taps of the substrate: nets on one are not charged at all."""
    contact: str
    """Drawn layer that first joins the gate's layer with diodes and taps."""


_NONE = 0.0
"""KLayout's diode factor that exempts a net with any area of it."""


def antenna(found: Charged, rules: tuple[AntennaRule, ...]) -> Iterator[tuple[AntennaRule, kdb.Region]]:
    """Every rule, in the order in which the layers are made, with the charged shapes of nets that break it."""
    layers = found.layers
    made: list[tuple[kdb.Region, kdb.Region]] = [(found.gate_wire, found.gate)]
    for rule in rules:
        drawn = layers.drawn(rule.layer)
        if rule.layer == found.contact:
            made += [(drawn, found.diode), (drawn, found.short)]
        if rule.joins:
            made.append((layers.drawn(rule.joins), drawn))
        if drawn.is_empty():
            yield rule, kdb.Region()
            continue
        yield rule, _broken(found, rule, made)


def _broken(found: Charged, rule: AntennaRule, made: list[tuple[kdb.Region, kdb.Region]]) -> kdb.Region:
    nets = found.layers.nets()
    for region in {id(region): region for pair in made for region in pair}.values():
        nets.connect(region)
    for one, other in made:
        nets.connect(one, other)
    nets.extract_netlist()
    area, perimeter = (0.0, rule.thickness_um) if rule.thickness_um else (1.0, 0.0)
    drawn = found.layers.drawn(rule.layer)

    def check(limit: float, exempt: list[list[object]]) -> kdb.Region:
        return nets.antenna_check(found.gate, 1.0, 0.0, drawn, area, perimeter, limit, exempt)

    if rule.diode_slope is None:
        return check(rule.limit, [[found.short, _NONE]])
    # Nets without a diode have the plain limit; with one, slope and bonus: what breaks either check is wrong.
    bare = check(rule.limit, [[found.short, _NONE], [found.diode, _NONE]])
    with_diode = check(rule.limit + rule.diode_bonus, [[found.short, _NONE], [found.diode, rule.diode_slope]])
    return bare + with_diode
