"""Antenna ratios: what the plasma charges while a layer is etched, against the gates that hang on it.

Source: sky130 PDK documentation, "Antenna Rules", table Ig (S8P12-10R, five metals). The same limits, slope and bonus
stand in the foundry's technology LEF (sky130_fd_sc_hd.tlef, ANTENNADIFFSIDEAREARATIO). A net is what is connected when
its layer is etched: this layer and those below.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.pdk.sky130.drc.layers import Layers


@dataclass(frozen=True)
class AntennaRule:
    """EA / gate area - diode_slope * diode area - diode_bonus (with any diode) must not exceed `limit`."""

    name: str
    layer: str
    """Drawn layer that is etched."""
    joins: str
    """The layer below that it connects to; empty for poly."""
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


ANTENNA: tuple[AntennaRule, ...] = (
    AntennaRule("ar.poly.1", "poly", "", 0.18, 50),
    AntennaRule("ar.licon.1", "licon", "poly", 0, 3),
    AntennaRule("ar.li.1", "li", "licon", 0.1, 75, 450),
    AntennaRule("ar.mcon.1", "mcon", "li", 0, 3, 18),
    AntennaRule("ar.met1.1", "met1", "mcon", 0.35, 400, 400, 2200),
    AntennaRule("ar.via.1", "via", "met1", 0, 6, 36),
    AntennaRule("ar.met2.1", "met2", "via", 0.35, 400, 400, 2200),
    AntennaRule("ar.via2.1", "via2", "met2", 0, 6, 36),
    AntennaRule("ar.met3.1", "met3", "via2", 0.8, 400, 400, 2200),
    AntennaRule("ar.via3.1", "via3", "met3", 0, 6, 36),
    AntennaRule("ar.met4.1", "met4", "via3", 0.8, 400, 400, 2200),
    AntennaRule("ar.via4.1", "via4", "met4", 0, 6, 36),
    AntennaRule("ar.met5.1", "met5", "via4", 1.2, 400, 400, 2200),
)
"""In the order in which the layers are made."""

_NONE = 0.0
"""KLayout's diode factor that exempts a net with any area of it."""


def antenna(layers: Layers, say: Callable[[str], None] = lambda text: None) -> Iterator[tuple[AntennaRule, kdb.Region]]:
    """Every rule with the charged shapes of nets that break it."""
    gate, poly = layers.gate, layers.drawn("poly")
    active = layers.difftap - poly
    # ar.1: nets on a p+ tap in the substrate are not checked; any other junction is a diode.
    short = (layers.drawn("tap") - poly) - layers.drawn("nwell")
    diode = active - short
    made: list[tuple[kdb.Region, kdb.Region]] = [(poly, gate)]
    for rule in ANTENNA:
        say(rule.name)
        drawn = layers.drawn(rule.layer)
        if rule.layer == "licon":
            made += [(drawn, diode), (drawn, short)]
        if rule.joins:
            made.append((layers.drawn(rule.joins), drawn))
        if drawn.is_empty():
            yield rule, kdb.Region()
            continue
        yield rule, _broken(layers, rule, made, gate, diode, short)


def _broken(
    layers: Layers, rule: AntennaRule, made: list[tuple[kdb.Region, kdb.Region]],
    gate: kdb.Region, diode: kdb.Region, short: kdb.Region,
) -> kdb.Region:  # fmt: skip
    nets = layers.nets()
    for region in {id(region): region for pair in made for region in pair}.values():
        nets.connect(region)
    for one, other in made:
        nets.connect(one, other)
    nets.extract_netlist()
    area, perimeter = (0.0, rule.thickness_um) if rule.thickness_um else (1.0, 0.0)
    drawn = layers.drawn(rule.layer)

    def check(limit: float, exempt: list[list[object]]) -> kdb.Region:
        return nets.antenna_check(gate, 1.0, 0.0, drawn, area, perimeter, limit, exempt)

    if rule.diode_slope is None:
        return check(rule.limit, [[short, _NONE]])
    # Nets without a diode have the plain limit; with one, slope and bonus: what breaks either check is wrong.
    bare = check(rule.limit, [[short, _NONE], [diode, _NONE]])
    with_diode = check(rule.limit + rule.diode_bonus, [[short, _NONE], [diode, rule.diode_slope]])
    return bare + with_diode
