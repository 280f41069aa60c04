"""What conducts and what is a device in a sky130 layout."""

from somaforge.pdk.connectivity import Connectivity, Recognition
from somaforge.pdk.sky130.devices import NETLIST_DEVICES
from somaforge.pdk.sky130.gds import CAPACITOR_PLATES, CONDUCTORS, DRAWN, LABELS, PINS, RESISTORS, SUBSTRATE_LABEL
from somaforge.pdk.sky130.recognition import conducting, extract_devices
from somaforge.pdk.sky130.refusal import refuse

_WITHOUT_CURRENT = ("dnwell", "npc", "nsdm", "psdm", "areaid_sc", "boundary")
POLYGONS = {name: numbers for name, numbers in DRAWN.items() if name not in _WITHOUT_CURRENT}
"""Layers that make nets and transistors."""

# (upper conductor, lower conductor): joined where they touch.
CONTACTS: tuple[tuple[str, str], ...] = (
    ("psd", "licon"),
    ("nsd", "licon"),
    ("ntap", "licon"),
    ("ptap", "licon"),
    ("poly", "licon"),
    # One n+ or p+ area across the edge of a well.
    ("nsd", "ntap"),
    ("psd", "ptap"),
    ("licon", "li"),
    ("li", "mcon"),
    ("mcon", "met1"),
    ("met1", "via"),
    ("via", "met2"),
    ("met2", "via2"),
    ("via2", "met3"),
    ("met3", "via3"),
    ("via3", "met4"),
    ("met4", "via4"),
    ("via4", "met5"),
)

CONNECTIVITY = Connectivity(
    name="sky130",
    layers=POLYGONS,
    contacts=CONTACTS,
    wells=("nwell",),
    well_taps=(("ntap", "nwell"),),
    substrate_taps=("ptap",),
    labels=LABELS,
    pins=PINS,
    substrate_label=SUBSTRATE_LABEL,
    devices=NETLIST_DEVICES,
    recognition=Recognition(refuse, conducting, extract_devices),
    box_layers=frozenset(
        (
            *(*LABELS.values(), *PINS.values(), SUBSTRATE_LABEL),
            *(numbers for name, numbers in DRAWN.items() if name in (*CONDUCTORS, "nwell", "tap", "nsdm", "psdm")),
        )
    ),
    box_cuts=(
        *((DRAWN[wire], mark) for wire, marks in RESISTORS.items() if wire != "diff" for mark in marks),
        (DRAWN["via3"], CAPACITOR_PLATES["capm"]),
        (DRAWN["via4"], CAPACITOR_PLATES["cap2m"]),
        (DRAWN["tap"], DRAWN["poly"]),
    ),
)
