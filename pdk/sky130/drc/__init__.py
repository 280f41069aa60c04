"""The native rule table of sky130: every rule that somaforge checks itself, on klayout regions."""

from somaforge.pdk.sky130.drc.capacitors import CAPACITORS
from somaforge.pdk.sky130.drc.contacts import CONTACTS
from somaforge.pdk.sky130.drc.devices import DEVICES
from somaforge.pdk.sky130.drc.front import FRONT
from somaforge.pdk.sky130.drc.layers import Layers, Rule
from somaforge.pdk.sky130.drc.metals import METALS
from somaforge.pdk.sky130.drc.shapes import SHAPES
from somaforge.pdk.sky130.drc.wells import WELLS

RULES: tuple[Rule, ...] = (*FRONT, *DEVICES, *CAPACITORS, *CONTACTS, *METALS, *WELLS, *SHAPES)

__all__ = ["RULES", "Layers", "Rule"]
