"""A gate of 0.42 um x 0.5 um with a stack of conductors on its poly, as tall as a test wants each of them."""

from drawing import Shapes

from somaforge.pdk.antenna import AntennaRule
from somaforge.pdk.sky130.drc.antenna import ANTENNA

GATE_UM2 = 0.42 * 0.5
WIRE_NM = 900
CUT_NM = {"licon": 170, "mcon": 170, "via": 150, "via2": 200, "via3": 200, "via4": 800}
PITCH_NM = {"licon": 340, "mcon": 360, "via": 320, "via2": 400, "via3": 400, "via4": 1600}
SHORT_NM = 1500
"""Height of a conductor that only leads on to the next."""


def charged(rule: AntennaRule, amount: int, junction: str = "", junction_nm: int = 1000) -> Shapes:
    """`amount`: height of the wire in nm, or number of contacts. `junction` (nsdm, psdm): that implant on a square of
    diffusion or tap beside it, connected from licon on."""
    shapes: Shapes = [("diff", -400, 0, 900, 420), ("nsdm", -600, -200, 1100, 620), ("poly", 0, -200, 500, 700)]
    bottom = 500
    for made in ANTENNA[: ANTENNA.index(rule) + 1]:
        last = made is rule
        if made.thickness_um:
            # Below contacts that are counted, the wire must carry them all.
            above = ANTENNA[min(ANTENNA.index(made) + 1, len(ANTENNA) - 1)]
            height = amount if last else SHORT_NM
            if above is rule and not rule.thickness_um:
                height = max(height, 200 + amount * PITCH_NM[rule.layer])
            shapes.append((made.layer, 0, bottom, WIRE_NM, bottom + height))
        else:
            size = CUT_NM[made.layer]
            for k in range(amount if last else 1):
                y = bottom + 100 + k * PITCH_NM[made.layer]
                shapes.append((made.layer, 50, y, 50 + size, y + size))
    if junction:
        layer = "tap" if junction == "psdm" else "diff"
        left, right, top = WIRE_NM + 1000, WIRE_NM + 1000 + junction_nm, bottom + junction_nm
        shapes += [
            (layer, left, bottom, right, top),
            (junction, left - 200, bottom - 200, right + 200, top + 200),
            ("licon", left + 100, bottom + 100, left + 270, bottom + 270),
            ("li", 0, bottom, left + 500, bottom + 300),
        ]
    return shapes
