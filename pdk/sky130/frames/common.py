"""What every shuttle of sky130 asks for: pins and labels over drawing, wells away from precision resistors.

Sources: `drc_scripts/pin_label_purposes_overlapping_drawing.rb.drc` of cf_precheck 1.3.7 (which layers), and
`precheck/tech-files/nwell_urpm.drc` of tt-support-tools (0.7 um).
"""

from somaforge.pdk.frames import Numbers
from somaforge.pdk.sky130.gds import DEVICE, DRAWN


def _purposes(layer: int, *datatypes: int) -> tuple[Numbers, ...]:
    return tuple((layer, datatype) for datatype in datatypes)


NAMES_OVER: tuple[tuple[str, Numbers, tuple[Numbers, ...]], ...] = (
    ("nwell", DRAWN["nwell"], _purposes(64, 16, 5)),
    ("diff", DRAWN["diff"], _purposes(65, 16, 6)),
    ("tap", DRAWN["tap"], _purposes(65, 48, 5)),
    ("poly", DRAWN["poly"], _purposes(66, 16, 5)),
    ("licon", DRAWN["licon"], _purposes(66, 58)),
    ("li", DRAWN["li"], _purposes(67, 16, 5)),
    ("mcon", DRAWN["mcon"], _purposes(67, 48)),
    ("met1", DRAWN["met1"], _purposes(68, 16, 5)),
    ("via", DRAWN["via"], _purposes(68, 58)),
    ("met2", DRAWN["met2"], _purposes(69, 16, 5)),
    ("via2", DRAWN["via2"], _purposes(69, 58)),
    ("met3", DRAWN["met3"], _purposes(70, 16, 5)),
    ("via3", DRAWN["via3"], _purposes(70, 48)),
    ("met4", DRAWN["met4"], _purposes(71, 16, 5)),
    ("via4", DRAWN["via4"], _purposes(71, 48)),
    ("met5", DRAWN["met5"], _purposes(72, 16, 5)),
    ("pad", (76, 20), _purposes(76, 16, 5)),
    ("pnp", (82, 44), _purposes(82, 59)),
    ("npn", (82, 20), _purposes(82, 5)),
    ("rdl", (74, 20), _purposes(74, 16, 5)),
    ("inductor", (82, 24), _purposes(82, 25)),
)

APART = (("nwell and urpm", DRAWN["nwell"], DEVICE["urpm"], 700),)

MAGIC = ("Magic DRC", "needs the program Magic of today, which no package registry has; the shuttle runs it")
