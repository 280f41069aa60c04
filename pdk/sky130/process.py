"""SkyWater sky130 as a value: its layers and rules by role, its devices, its standard cells.

Values are those of the native rule table (pdk/sky130/drc): what is drawn and what is checked read one record.
"""

from somaforge.pdk.base import DeviceType, Pdk
from somaforge.pdk.geometry import Conductor, Cut, Length, Rules
from somaforge.pdk.sky130.checks import CHECKS
from somaforge.pdk.sky130.current import MAX_A_PER_CUT, MAX_A_PER_UM
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.drc import RULES as CHECKED
from somaforge.pdk.sky130.frames import FRAMES
from somaforge.pdk.sky130.gds import CONDUCTORS
from somaforge.pdk.sky130.layers import LAYERS, ROLES
from somaforge.pdk.sky130.library import CELLS
from somaforge.pdk.sky130.models import MAX_SUPPLY_V, MODELS
from somaforge.pdk.sky130.open_pdks import OPEN_PDKS
from somaforge.pdk.sky130.parasitics import CORNERS, interconnect
from somaforge.pdk.sky130.symbols import symbol
from somaforge.pdk.wires import Wires

_VALUES = {rule.name: rule.value_nm for rule in CHECKED}


def _rule(name: str) -> Length:
    return Length(_VALUES[name], name)


_NONE = Length(0, "no rule")

RULES = Rules(
    local=Conductor("local", "li1", _rule("li.1"), _rule("li.3"), _rule("li.6"), "vertical"),
    inner=Conductor("inner", "met1", _rule("m1.1"), _rule("m1.2"), _rule("m1.6"), "horizontal"),
    row=Conductor("row", "met2", _rule("m2.1"), _rule("m2.2"), _rule("m2.6"), "vertical"),
    column=Conductor("column", "met3", _rule("m3.1"), _rule("m3.2"), _rule("m3.6"), "horizontal"),
    strap=Conductor("strap", "met4", _rule("m4.1"), _rule("m4.2"), _rule("m4.4a"), "vertical"),
    top=Conductor("top", "met5", _rule("m5.1"), _rule("m5.2"), _rule("m5.4"), "horizontal"),
    local_via=Cut("local_via", _rule("ct.1"), _rule("ct.2"), (_NONE, _NONE), (_rule("m1.4"), _rule("m1.5"))),
    inner_via=Cut(
        "inner_via", _rule("via.1a"), _rule("via.2"), (_rule("via.4a"), _rule("via.5a")), (_rule("m2.4"), _rule("m2.5"))
    ),
    row_via=Cut(
        "row_via",
        _rule("via2.1a"),
        _rule("via2.2"),
        (_rule("via2.4"), _rule("via2.5")),
        (_rule("m3.4"), _rule("m3.4")),
    ),
    column_via=Cut(
        "column_via",
        _rule("via3.1"),
        _rule("via3.2"),
        (_rule("via3.4"), _rule("via3.5")),
        (_rule("m4.3"), _rule("m4.3")),
    ),
    strap_via=Cut(
        "strap_via",
        _rule("via4.1"),
        _rule("via4.2"),
        (_rule("via4.4"), _rule("via4.4")),
        (_rule("m5.3"), _rule("m5.3")),
    ),
    contact_size=_rule("licon.1"),
    contact_space=_rule("licon.2"),
    active_over_contact=_rule("licon.5a"),
    active_over_contact_end=_rule("licon.5c"),
    gate_over_contact=_rule("licon.8"),
    gate_over_contact_end=_rule("licon.8a"),
    local_over_contact=_rule("li.5"),
    local_beside_contact=_NONE,
    contact_to_gate=_rule("licon.11"),
    gate_contact_to_active=_rule("licon.14"),
    gate_contact_to_p_implant=_rule("licon.9"),
    nitride_over_contact=_rule("licon.15"),
    nitride_space=_rule("npc.2"),
    gate_width=_rule("poly.1a"),
    gate_space=_rule("poly.2"),
    gate_to_active=_rule("poly.4"),
    active_beyond_gate=_rule("poly.7"),
    gate_beyond_active=_rule("poly.8"),
    active_space=_rule("difftap.3"),
    well_space=_rule("nwell.2a"),
    well_over_active=_rule("difftap.8"),
    well_over_tap=_rule("difftap.10"),
    active_to_well=_rule("difftap.9"),
    implant_over_active=_rule("nsd.5a"),
    implant_to_other=_rule("nsd.7"),
)

_P = "sky130_fd_pr__"
_LVT = ("low_threshold", _rule("lvtn.3a"))
_HVT = ("high_threshold", _rule("hvtp.3"))
DEVICES = (
    DeviceType(f"{_P}nfet_01v8", "n", "standard", 420, 150),
    DeviceType(f"{_P}nfet_01v8_lvt", "n", "lvt", 420, 150, _LVT),
    DeviceType(f"{_P}pfet_01v8", "p", "standard", 420, 150),
    DeviceType(f"{_P}pfet_01v8_hvt", "p", "hvt", 420, 150, _HVT),
    DeviceType(f"{_P}pfet_01v8_lvt", "p", "lvt", 420, 350, _LVT),
)

_CORNER = {str(name): name for name in CORNERS}
WIRES = Wires(
    CORNERS,
    lambda corner, resistance: interconnect(corner=_CORNER[corner], resistance=_CORNER[resistance]),
    MAX_A_PER_UM,
    MAX_A_PER_CUT,
    roles={role: name for role, name in ROLES.items() if name in CONDUCTORS},
)

SKY130 = Pdk(
    name="sky130",
    grid_nm=5,
    layers=LAYERS,
    rules=RULES,
    devices=DEVICES,
    max_supply_V=MAX_SUPPLY_V,
    wires=WIRES,
    checks=CHECKS,
    data=DATA,
    cells=CELLS,
    models=MODELS,
    frames=FRAMES,
    open_pdks=OPEN_PDKS,
    symbols=symbol,
)
