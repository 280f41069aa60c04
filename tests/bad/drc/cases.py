"""At least one bad drawing, and one 5 nm better, for every native rule."""

from device_cases import DEVICE_CASES
from drawing import (
    Case,
    Shapes,
    angle,
    apart,
    area,
    around,
    hole,
    not_covered,
    notch,
    off_grid,
    opposite,
    pin,
    space,
    square,
    transistor,
    width,
)  # fmt: skip

from somaforge.pdk.sky130.drc.wells import MASKS, ORTHOGONAL
from somaforge.pdk.sky130.gds import PINS


def _gate_in(layer: str, left: int, *, p: bool) -> Shapes:
    return transistor(p=p, more=[(layer, -left, -800, 900, 1200)])


def _gate_beside(layer: str, gap: int, *, p: bool) -> Shapes:
    return transistor(p=p, more=[(layer, 150 + gap, -800, 1500, 1200)])


def _tap(kind: str, x: int, y: int, licon: bool = True) -> Shapes:
    contact: Shapes = [("licon", x + 165, y + 165, x + 335, y + 335)] if licon else []
    return [("tap", x, y, x + 500, y + 500), (kind, x - 125, y - 125, x + 625, y + 625), *contact]


def _poly_contact(x: int = 0, y: int = 0) -> Shapes:
    return [("poly", x - 80, y - 80, x + 250, y + 250), ("licon", x, y, x + 170, y + 170)]


WELLS = [
    width("nwell.1", "nwell", 840),
    space("nwell.2a", "nwell", 1270),
    notch("nwell.2a", "nwell", 1270),
    Case("nwell.4", [("nwell", 0, 0, 3000, 3000), *_tap("nsdm", 900, 900, licon=False)],
         [("nwell", 0, 0, 3000, 3000), *_tap("nsdm", 900, 900)]),
    Case("LU.2", [*transistor(side=800), *_tap("psdm", 15955, 0)], [*transistor(side=800), *_tap("psdm", 14195, 0)]),
    Case("LU.3", [*transistor(p=True, more=[("nwell", -1100, -600, 20000, 1100)]), *_tap("nsdm", 15505, 0)],
         [*transistor(p=True, more=[("nwell", -1100, -600, 20000, 1100)]), *_tap("nsdm", 14495, 0)]),
    # A tap that is near, but in another well.
    Case("LU.3", [*transistor(p=True), ("nwell", 3000, -600, 5000, 1100), *_tap("nsdm", 3600, 0)],
         [*transistor(p=True), ("nwell", 600, -600, 5000, 1100), *_tap("nsdm", 3600, 0)]),
]  # fmt: skip

IMPLANTS = [
    width("hvtp.1", "hvtp", 380),
    space("hvtp.2", "hvtp", 380),
    Case("hvtp.3", _gate_in("hvtp", 175, p=True), _gate_in("hvtp", 180, p=True)),
    Case("hvtp.4", _gate_beside("hvtp", 175, p=True), _gate_beside("hvtp", 180, p=True)),
    area("hvtp.5", "hvtp", 265000, 500),
    hole("hvtp.6", "hvtp", 265000, 500),
    width("lvtn.1a", "lvtn", 380),
    space("lvtn.2", "lvtn", 380),
    Case("lvtn.3a", _gate_beside("lvtn", 175, p=False), _gate_beside("lvtn", 180, p=False)),
    Case("lvtn.4b", _gate_in("lvtn", 175, p=False), _gate_in("lvtn", 180, p=False)),
    apart("lvtn.9", "lvtn", "hvtp", 380),
    Case("lvtn.9", [("lvtn", 0, 0, 900, 900), ("hvtp", 0, 0, 900, 900)], [("lvtn", 0, 0, 900, 900)]),
    area("lvtn.13", "lvtn", 265000, 500),
    hole("lvtn.14", "lvtn", 265000, 500),
    width("nsd.1", "nsdm", 380),
    space("nsd.2", "nsdm", 380),
    around("nsd.5a", "nsdm", "diff", 1000, 125),
    around("nsd.5b", "nsdm", "tap", 1000, 125),
    area("nsd.10a", "nsdm", 265000, 500),
    width("psd.1", "psdm", 380),
    space("psd.2", "psdm", 380),
    around("psd.5a", "psdm", "diff", 1000, 125),
    around("psd.5b", "psdm", "tap", 1000, 125),
    area("psd.10b", "psdm", 255000, 500),
    apart("nsd.7", "nsdm", "tap", 130, lambda gap: [("psdm", 1000 + gap, 0, 4000, 1000)]),
    apart("psd.7", "psdm", "diff", 130, lambda gap: [("nsdm", 1000 + gap, 0, 4000, 1000)]),
    Case("npsd.8", [("tap", 0, 0, 900, 900), ("nsdm", 0, 0, 900, 900), ("psdm", 895, 0, 1800, 900)],
         [("tap", 0, 0, 900, 900), ("nsdm", 0, 0, 900, 900), ("psdm", 900, 0, 1800, 900)]),
    Case("npsd.9", [("diff", 0, 0, 900, 900), ("nsdm", 5, 0, 900, 900)],
         [("diff", 0, 0, 900, 900), ("nsdm", 0, 0, 900, 900)]),
    Case("diff.well", [("diff", 0, 0, 900, 900), ("psdm", 0, 0, 900, 900)],
         [("diff", 0, 0, 900, 900), ("psdm", 0, 0, 900, 900), ("nwell", 0, 0, 900, 900)]),
    Case("diff.well", [("diff", 0, 0, 900, 900), ("nsdm", 0, 0, 900, 900), ("nwell", 0, 0, 900, 900)],
         [("diff", 0, 0, 900, 900), ("nsdm", 0, 0, 900, 900)]),
    Case("diff.tap", [("diff", 0, 0, 900, 900), ("tap", 895, 0, 1500, 900)],
         [("diff", 0, 0, 900, 900), ("tap", 900, 0, 1500, 900)]),
]  # fmt: skip

DIFFUSION = [
    width("difftap.1", "diff", 150),
    width("difftap.1", "tap", 150),
    Case("difftap.2", transistor(w=415), transistor(w=420)),
    Case("difftap.2b", transistor(w=355, more=[("areaid_sc", -900, -900, 900, 900)]),
         transistor(w=360, more=[("areaid_sc", -900, -900, 900, 900)])),
    space("difftap.3", "diff", 270),
    apart("difftap.3", "diff", "tap", 270),
    apart("difftap.9", "diff", "nwell", 340, lambda gap: [("nsdm", 0, 0, 1000, 1000)]),
    apart("difftap.11", "tap", "nwell", 130, lambda gap: [("psdm", 0, 0, 1000, 1000)]),
    Case("difftap.11", [*_tap("psdm", 0, 0), ("nwell", -500, -500, 1500, 1500)], _tap("psdm", 0, 0)),
    Case("difftap.8", [*transistor(p=True)[:-1], ("nwell", -675, -600, 1200, 1200)],
         [*transistor(p=True)[:-1], ("nwell", -680, -600, 1200, 1200)]),
    Case("difftap.10", [*_tap("nsdm", 0, 0), ("nwell", -175, -500, 1500, 1500)],
         [*_tap("nsdm", 0, 0), ("nwell", -180, -500, 1500, 1500)]),
    Case("difftap.10", _tap("nsdm", 0, 0), [*_tap("nsdm", 0, 0), ("nwell", -500, -500, 1500, 1500)]),
]  # fmt: skip

POLY = [
    width("poly.1a", "poly", 150),
    Case("poly.1b", transistor(p=True, length=345, more=[("lvtn", -500, -500, 900, 900)]),
         transistor(p=True, length=350, more=[("lvtn", -500, -500, 900, 900)])),
    space("poly.2", "poly", 210),
    apart("poly.4", "poly", "diff", 75),
    apart("poly.5", "poly", "tap", 55),
    Case("poly.6", transistor(side=295, more=[("tap", 445, 0, 900, 420)]),
         transistor(side=300, more=[("tap", 450, 0, 900, 420)])),
    Case("poly.7", transistor(side=245), transistor(side=250)),
    Case("poly.8", transistor(endcap=125), transistor(endcap=130)),
    Case("poly.11", transistor(more=[("poly", 100, 300, 400, 450)]), transistor(more=[("poly", 100, 550, 400, 700)])),
    Case("poly.12", [*_tap("psdm", 0, 0), ("poly", 495, 0, 900, 400)],
         [*_tap("psdm", 0, 0), ("poly", 555, 0, 900, 400)]),
    width("npc.1", "npc", 270),
    space("npc.2", "npc", 270),
    Case("npc.4", transistor(more=[("npc", 235, 0, 900, 420)]), transistor(more=[("npc", 240, 0, 900, 420)])),
]  # fmt: skip


def _diff_contact(gap: int, more: Shapes | None = None) -> Shapes:
    """A contact beside the gate, `gap` nm away."""
    return transistor(more=[("licon", 150 + gap, 125, 320 + gap, 295), *(more or [])])


CELL: Shapes = [("areaid_sc", -3000, -3000, 3000, 3000)]

CONTACTS = [
    square("licon.1", "licon", 170),
    space("licon.2", "licon", 170, 170),
    Case("licon.4", [("licon", 0, 0, 170, 170)], [("licon", 0, 0, 170, 170), ("tap", -200, -200, 400, 400)]),
    around("licon.5a", "diff", "licon", 170, 40),
    Case("licon.5b", [("tap", 0, 0, 500, 500), ("licon", 275, 165, 445, 335), ("diff", 500, 0, 900, 500)],
         [("tap", 0, 0, 500, 500), ("licon", 270, 165, 440, 335), ("diff", 500, 0, 900, 500)]),
    opposite("licon.5c", "diff", "licon", 170, 60),
    Case("licon.6", [("tap", 0, 0, 500, 500), ("licon", 335, 165, 505, 335)],
         [("tap", 0, 0, 500, 500), ("licon", 330, 165, 500, 335)]),
    opposite("licon.7", "tap", "licon", 170, 120),
    around("licon.8", "poly", "licon", 170, 50),
    opposite("licon.8a", "poly", "licon", 170, 80),
    Case("licon.9", [*_poly_contact(), ("psdm", 275, 0, 900, 900)], [*_poly_contact(), ("psdm", 280, 0, 900, 900)]),
    Case("licon.9", [*_poly_contact(), ("psdm", -900, -900, 900, 900)], _poly_contact()),
    Case("licon.11", _diff_contact(50), _diff_contact(55)),
    Case("licon.11a", _diff_contact(45, CELL), _diff_contact(50, CELL)),
    Case("licon.13", _diff_contact(100, [("npc", 505, 0, 900, 420)]), _diff_contact(100, [("npc", 510, 0, 900, 420)])),
    Case("licon.13", _diff_contact(100, [("npc", -900, -900, 900, 900)]), _diff_contact(100)),
    Case("licon.14", [*_poly_contact(), ("diff", 355, 0, 900, 900)], [*_poly_contact(), ("diff", 360, 0, 900, 900)]),
    Case("licon.15", [*_poly_contact(), ("npc", -95, -100, 270, 270)],
         [*_poly_contact(), ("npc", -100, -100, 270, 270)]),
    Case("licon.15", _poly_contact(), [*_poly_contact(), ("npc", -100, -100, 270, 270)]),
    Case("licon.16", _tap("psdm", 0, 0, licon=False), _tap("psdm", 0, 0)),
    Case("licon.17", [*_poly_contact(), ("diff", 165, -80, 900, 250)],
         [*_poly_contact(), ("diff", 170, -80, 900, 250)]),
    width("li.1", "li", 170),
    space("li.3", "li", 170),
    opposite("li.5", "li", "licon", 170, 80),
    not_covered("li.5a", "li", "licon", 170),
    area("li.6", "li", 56100, 170),
    square("ct.1", "mcon", 170),
    space("ct.2", "mcon", 190, 170),
    not_covered("ct.4", "li", "mcon", 170),
]  # fmt: skip


def _wide(rule: str, metal: str, nm: int) -> Case:
    """A plate of 4 um beside a line."""

    def beside(gap: int) -> Shapes:
        return [(metal, 0, 0, 4000, 4000), (metal, 4000 + gap, 0, 4500 + gap, 4000)]

    return Case(rule, beside(nm - 5), beside(nm))


METALS = [
    width("m1.1", "met1", 140),
    space("m1.2", "met1", 140),
    notch("m1.2", "met1", 140),
    _wide("m1.3ab", "met1", 280),
    around("m1.4", "met1", "mcon", 170, 30),
    not_covered("m1.4", "met1", "mcon", 170),
    opposite("m1.5", "met1", "mcon", 170, 60),
    area("m1.6", "met1", 83000, 200),
    hole("m1.7", "met1", 140000, 350),
    square("via.1a", "via", 150),
    space("via.2", "via", 170, 150),
    around("via.4a", "met1", "via", 150, 55),
    opposite("via.5a", "met1", "via", 150, 85),
    width("m2.1", "met2", 140),
    space("m2.2", "met2", 140),
    _wide("m2.3ab", "met2", 280),
    around("m2.4", "met2", "via", 150, 55),
    opposite("m2.5", "met2", "via", 150, 85),
    area("m2.6", "met2", 67600, 200),
    hole("m2.7", "met2", 140000, 350),
    square("via2.1a", "via2", 200),
    space("via2.2", "via2", 200, 200),
    around("via2.4", "met2", "via2", 200, 40),
    opposite("via2.5", "met2", "via2", 200, 85),
    width("m3.1", "met3", 300),
    space("m3.2", "met3", 300),
    _wide("m3.3cd", "met3", 400),
    around("m3.4", "met3", "via2", 200, 65),
    area("m3.6", "met3", 240000, 400),
    hole("m3.7", "met3", 200000, 400),
    square("via3.1", "via3", 200),
    space("via3.2", "via3", 200, 200),
    around("via3.4", "met3", "via3", 200, 60),
    opposite("via3.5", "met3", "via3", 200, 90),
    width("m4.1", "met4", 300),
    space("m4.2", "met4", 300),
    around("m4.3", "met4", "via3", 200, 65),
    area("m4.4a", "met4", 240000, 400),
    hole("m4.7", "met4", 200000, 400),
    _wide("m4.5ab", "met4", 400),
    square("via4.1", "via4", 800),
    space("via4.2", "via4", 800, 800),
    around("via4.4", "met4", "via4", 800, 190),
    width("m5.1", "met5", 1600),
    space("m5.2", "met5", 1600),
    around("m5.3", "met5", "via4", 800, 310),
    area("m5.4", "met5", 4000000, 1600),
    hole("MR_met5.AR.2", "met5", 140000, 350),
]

CASES: list[Case] = [
    *WELLS,
    *IMPLANTS,
    *DIFFUSION,
    *POLY,
    *CONTACTS,
    *METALS,
    *DEVICE_CASES,
    *(off_grid(layer) for layer in MASKS),
    *(angle(layer, layer in ORTHOGONAL) for layer in MASKS),
    *(pin(layer) for layer in PINS),
]
