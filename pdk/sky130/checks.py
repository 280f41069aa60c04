"""The checks of sky130 as one value, and the shuttle's two decks (cf_precheck 1.3.7)."""

from somaforge.pdk.checks import Antenna, Checks
from somaforge.pdk.decks import DensityDeck, RuleDeck
from somaforge.pdk.density import Density
from somaforge.pdk.drawn import Table
from somaforge.pdk.sky130.connectivity import CONNECTIVITY
from somaforge.pdk.sky130.drc import RULES, Layers
from somaforge.pdk.sky130.drc.antenna import ANTENNA, charged
from somaforge.pdk.sky130.drc.density import DENSITY, STEP_UM
from somaforge.pdk.sky130.gds import LAYERS
from somaforge.pdk.sky130.purposes import NO_MASK, WITHOUT_RULES

PRECHECK = RuleDeck(
    "precheck",
    "drc_scripts/sky130A_mr.drc",
    groups=("feol", "beol", "offgrid", "seal", "floating_met"),
    threads="thr",
    sections=("FEOL section", "BEOL section", "OFFGRID-ANGLES section", "release "),
    # Release 2026.03.30_01.00 with all groups on; the named rules are the first and last of each group.
    least_rules=272,
    rules_of_groups=("MRW_dnwell.WID.1", "li.1", "m1.x", "MR_mcon.WID.2", "areaid_re_OFFGRID"),
    parts=(
        ("offgrid", r"_(OFFGRID|angle)$"),
        ("floating metal", r"^m\d\.x$"),
        ("beol", r"^((MRW?_)?(li|mcon|met\d|via\d?)|m\d|pad|moduleCut)\."),
        ("feol", ""),
    ),
)

SHUTTLE_DENSITY = DensityDeck(
    "precheck",
    "drc_scripts/met_min_ca_density.lydrc",
    line=r"(li1|m[1-5])_ca_density is ([-+0-9.eE]+)",
    layers={"li1": "li", "m1": "met1", "m2": "met2", "m3": "met3", "m4": "met4", "m5": "met5"},
)

CHECKS = Checks(
    connectivity=CONNECTIVITY,
    native=Table(Layers, LAYERS, RULES),
    antenna=Antenna(ANTENNA, charged),
    density=Density(DENSITY, STEP_UM, "boundary", SHUTTLE_DENSITY),
    deck=PRECHECK,
    no_mask=NO_MASK,
    without_rules=WITHOUT_RULES,
)
