"""Bad drawings of deep wells, 5 V devices, resistors, MiM capacitors, and shapes that are no drawing."""

from drawing import Case, Shapes, apart, around, not_covered, space, transistor, width

FAR = 20_000


def _over(layer: str) -> Shapes:
    """That layer everywhere."""
    return [(layer, -FAR, -FAR, FAR, FAR)]


def _ring(hole: int) -> Shapes:
    """An nwell around a square hole with its lower left corner at the origin."""
    side = 3000
    return [
        ("nwell", -side, -side, 0, hole + side),
        ("nwell", hole, -side, hole + side, hole + side),
        ("nwell", -side, -side, hole + side, 0),
        ("nwell", -side, hole, hole + side, hole + side),
    ]


DEEP_WELLS = [
    Case("MR_lvtn.OVL.2", [("lvtn", 0, 0, 2000, 2000), ("nwell", 1000, -2000, 5000, 4000)],
         [("lvtn", 0, 0, 2000, 2000), ("nwell", -1000, -2000, 5000, 4000)]),
    width("dnwell.2", "dnwell", 3000),
    space("dnwell.3", "dnwell", 6300, 4000),
    Case("dnwell.5", [("diff", 0, 0, 900, 900), ("psdm", 0, 0, 900, 900), ("dnwell", 450, -2000, 5000, 2000)],
         [("diff", 0, 0, 900, 900), ("psdm", 0, 0, 900, 900), ("dnwell", -100, -2000, 5000, 2000)]),
    around("nwell.5", "nwell", "dnwell", 5000, 400),
    not_covered("nwell.5", "nwell", "dnwell", 400),
    # A ring of nwell over the edge of the deep well, the isolated p-well in its hole.
    Case("nwell.5", [*_ring(4000), ("dnwell", -2605, -1500, 5500, 5500)],
         [*_ring(4000), ("dnwell", -2600, -1500, 5500, 5500)]),
    Case("nwell.6", [*_ring(4000), ("dnwell", -1025, -1500, 5500, 5500)],
         [*_ring(4000), ("dnwell", -1030, -1500, 5500, 5500)]),
    Case("nwell.6", [*_ring(4000), ("dnwell", 2000, -1500, 5500, 5500)], _ring(4000)),
    apart("nwell.7", "dnwell", "nwell", 4500),
]  # fmt: skip


def _n(x: int) -> Shapes:
    return [("diff", x, 0, x + 1000, 1000), ("nsdm", x, 0, x + 1000, 1000)]


def _p_tap(x: int) -> Shapes:
    return [("tap", x, 0, x + 1000, 1000), ("psdm", x, 0, x + 1000, 1000)]


def _hv_wells(gap: int) -> Shapes:
    return [("nwell", 0, 0, 3000, 3000), ("hvi", 0, 0, 3000, 3000), ("nwell", 3000 + gap, 0, 6000 + gap, 3000)]


def _in_well(layer: str, implant: str, left: int) -> Shapes:
    return [
        (layer, 0, 0, 900, 900), (implant, 0, 0, 900, 900), ("nwell", -left, -900, 1800, 1800), *_over("hvi"),
    ]  # fmt: skip


def _well_at(x: int) -> Shapes:
    return [("nwell", x, 0, x + 3000, 3000), *_over("hvi")]


def _abutting(w: int) -> Shapes:
    return [("diff", 0, 0, 900, 900), ("tap", 900, 0, 900 + w, 900), *_over("hvi")]


def _tips(left: int) -> Shapes:
    return [*_n(0), *_over("hvi"), ("hvntm", -left, -900, 1900, 1900)]


def _across(x: int) -> Shapes:
    """Two n+ diffusions, the second at x, with a p+ tap between them."""
    return [*_n(0), *_n(x), ("tap", 1400, 0, 1700, 1000), ("psdm", 1400, 0, 1700, 1000), *_over("hvi")]


HIGH_VOLTAGE = [
    width("hvi.1", "hvi", 600),
    space("hvi.2a", "hvi", 700),
    apart("hvi.5", "hvi", "nwell", 700),
    Case("hvnwell.8", _hv_wells(1995), _hv_wells(2000)),
    Case("hvnwell.9", [("nwell", 0, 0, 3000, 3000), ("hvi", 5, 0, 3000, 3000)],
         [("nwell", 0, 0, 3000, 3000), ("hvi", 0, 0, 3000, 3000)]),
    Case("hvdifftap.14", [("diff", 0, 0, 285, 3000), *_over("hvi")], [("diff", 0, 0, 290, 3000), *_over("hvi")]),
    Case("hvdifftap.15a", [*_n(0), *_n(1295), *_over("hvi")], [*_n(0), *_n(1300), *_over("hvi")]),
    Case("hvdifftap.15b", [*_n(0), *_p_tap(1365), *_over("hvi")], [*_n(0), *_p_tap(1370), *_over("hvi")]),
    Case("hvdifftap.16", _abutting(695), _abutting(700)),
    Case("hvdifftap.17", _in_well("diff", "psdm", 325), _in_well("diff", "psdm", 330)),
    Case("hvdifftap.18", [*_n(0), *_well_at(1425)], [*_n(0), *_well_at(1430)]),
    Case("hvdifftap.19", _in_well("tap", "nsdm", 325), _in_well("tap", "nsdm", 330)),
    Case("hvdifftap.20", [*_p_tap(0), *_well_at(1425)], [*_p_tap(0), *_well_at(1430)]),
    Case("hvdifftap.21", [("diff", 0, 0, 900, 900), ("hvi", 450, -900, 3000, 1800)],
         [("diff", 0, 0, 900, 900), ("hvi", -900, -900, 3000, 1800)]),
    around("hvdifftap.22", "hvi", "diff", 1000, 180),
    apart("hvdifftap.23", "hvi", "diff", 180),
    Case("hvdifftap.24", [*_n(0), ("hvi", -500, -500, 1200, 1500), ("nwell", 1425, 0, 4000, 3000)],
         [*_n(0), ("hvi", -500, -500, 1200, 1500), ("nwell", 1430, 0, 4000, 3000)]),
    Case("hvdifftap.25", _across(2065), _across(2070)),
    Case("hvpoly.13", transistor(length=495, more=_over("hvi")), transistor(length=500, more=_over("hvi"))),
    Case("hvpoly.14", transistor(more=[("hvi", -FAR, -FAR, 75, FAR)]), transistor(more=_over("hvi"))),
    width("hvntm.1", "hvntm", 700),
    space("hvntm.2", "hvntm", 700),
    Case("hvntm.3", _tips(180), _tips(185)),
    apart("hvntm.4", "hvntm", "diff", 185, lambda gap: [("nsdm", 1000 + gap, 0, 4000, 1000)]),
    apart("hvntm.5", "hvntm", "diff", 185, lambda gap: [("psdm", 1000 + gap, 0, 4000, 1000)]),
    apart("hvntm.6a", "hvntm", "tap", 185, lambda gap: [("psdm", 1000 + gap, 0, 4000, 1000)]),
]  # fmt: skip


def _resistor(
    layer: str = "rpm", *, w: int = 350, implant: int = 200, psdm: int = 110, npc: int = 95, more: Shapes | None = None
) -> Shapes:
    """A precision resistor from (0, 0) to (w, 2000), its ends above and below; left margins of the layers around."""
    return [
        ("poly", 0, -2200, w, 4200),
        ("poly_res", 0, 0, w, 2000),
        (layer, -implant, -2500, w + 900, 4500),
        ("psdm", -psdm, -2500, w + 900, 4500),
        ("npc", -npc, -2500, w + 900, 4500),
        *(more or []),
    ]


def _bars(x: int, y: int, long: int = 2000) -> Shapes:
    """One bar in the lower end of a resistor of 1.41 um, another one moved by (x, y)."""
    return _resistor(w=1410, more=[
        ("poly", 0, -9000, 1410, 0), ("rpm", -200, -9500, 1610, 0),
        ("licon", 100, -2100, 290, -2100 + long), ("licon", 100 + x, -2100 - y, 290 + x, -2100 - y + 2000),
    ])  # fmt: skip


def _implant(layer: str) -> list[Case]:
    return [
        width(f"{layer}.1a", layer, 1270),
        space(f"{layer}.2", layer, 840),
        Case(f"{layer}.3", _resistor(layer, implant=195), _resistor(layer)),
        Case(f"{layer}.4", _resistor(layer, psdm=105), _resistor(layer)),
        Case(f"{layer}.5", _resistor(layer, npc=90), _resistor(layer)),
        apart(f"{layer}.6", layer, "nsdm", 200),
        Case(f"{layer}.6", [(layer, 0, 0, 2000, 2000), ("nsdm", 500, 500, 1000, 1000)], [(layer, 0, 0, 2000, 2000)]),
        apart(f"{layer}.7", layer, "poly", 200),
        Case(f"{layer}.8", [("poly", 0, 0, 3000, 300), (layer, 1000, -1000, 9000, 1000)],
             [("poly", 0, 0, 3000, 300), (layer, -1000, -1000, 9000, 1000)]),
        Case(f"{layer}.9", _resistor(layer, more=[("hvntm", -1000, 0, -180, 2000)]),
             _resistor(layer, more=[("hvntm", -1000, 0, -185, 2000)])),
    ]  # fmt: skip


RESISTORS = [
    *_implant("rpm"),
    *_implant("urpm"),
    Case("rpm.1b", _resistor(w=355), _resistor(w=350)),
    Case("poly.3", _resistor(w=325), _resistor(w=330)),
    Case("MR_poly.LEN.2", [("poly", 0, -900, 350, 900), ("poly_res", 0, 0, 350, 655)],
         [("poly", 0, -900, 350, 900), ("poly_res", 0, 0, 350, 660)]),
    Case("poly.9", _resistor(more=[("poly", 825, 0, 1200, 2000)]), _resistor(more=[("poly", 830, 0, 1200, 2000)])),
    Case("poly.9", _resistor(more=[("tap", 825, 0, 1200, 2000)]), _resistor(more=[("tap", 830, 0, 1200, 2000)])),
    Case("poly.15", [("diff", 0, 0, 900, 900), ("diff_res", 0, 0, 900, 900), ("poly", 200, -200, 400, 1100)],
         [("diff", 0, 0, 900, 900), ("diff_res", 500, 0, 900, 900), ("poly", 200, -200, 400, 1100)]),
    Case("x.10", _resistor(more=[("licon", 90, -5, 260, 165)]), _resistor(more=[("licon", 90, -170, 260, 0)])),
    Case("li.7", [("li", 0, 0, 285, 3000), ("li_res", 0, 0, 285, 2000)],
         [("li", 0, 0, 290, 3000), ("li_res", 0, 0, 290, 2000)]),
    Case("licon.1b", _bars(700, 0, 2005), _bars(700, 0)),
    Case("licon.1b", _resistor(more=[("licon", 90, -500, 260, -330)]),
         _resistor(more=[("licon", 80, -2100, 270, -100)])),
    Case("licon.2b", _bars(0, 2345), _bars(0, 2350)),
    Case("licon.2c", _bars(695, 0), _bars(700, 0)),
    Case("licon.2d", _resistor(more=[("licon", 80, -2100, 270, -100), ("licon", 775, -1000, 945, -830)]),
         _resistor(more=[("licon", 80, -2100, 270, -100), ("licon", 780, -1000, 950, -830)])),
]  # fmt: skip


def _plates(plate: str, metal: str, gap: int) -> Shapes:
    """Two plates, each on metal 0.14 um larger, `gap` between these."""
    shapes: Shapes = []
    for x in (0, 2280 + gap):
        shapes += [(plate, x, 0, x + 2000, 2000), (metal, x - 140, -140, x + 2140, 2140)]
    return shapes


def _beside(plate: str, metal: str, gap: int) -> Shapes:
    """A plate on its metal, and a strip of metal that has none."""
    return [(plate, 0, 0, 2000, 2000), (metal, -140, -140, 2140, 2140), (metal, 2140 + gap, 0, 3000 + gap, 2000)]


def _u(plate: str, notch: int) -> Shapes:
    """An L, or a U if there is a second notch."""
    points = [(0, 0), (0, 6000), (3000, 6000), (3000, 3000), (6000, 3000), (6000, 0)]
    if notch:
        points[5:5] = [(6000, 1500), (5000, 1500), (5000, 500), (6000, 500)]
    return [(plate, points)]


def _capacitor(plate: str, metal: str, above: str, size: int, nm: int, below: str) -> list[Case]:
    return [
        width(f"{plate}.1", plate, 1000),
        space(f"{plate}.2a", plate, 840),
        Case(f"{plate}.2b", _plates(plate, metal, 1195), _plates(plate, metal, 1200)),
        Case(f"{plate}.2b", _beside(plate, metal, 1195), _beside(plate, metal, 1200)),
        around(f"{plate}.3", metal, plate, 2000, 140),
        not_covered(f"{plate}.3", metal, plate, 400),
        around(f"{plate}.4", plate, above, size, nm),
        apart(f"{plate}.5", plate, above, nm),
        Case(f"{plate}.6", [(plate, 0, 0, 1000, 20005)], [(plate, 0, 0, 1000, 20000)]),
        Case(f"{plate}.7", _u(plate, 1), _u(plate, 0)),
        apart(f"{plate}.8", plate, below, 140),
        Case(f"{plate}.8", [(plate, 0, 0, 2000, 2000), (below, 500, 500, 700, 700)], [(plate, 0, 0, 2000, 2000)]),
        apart(f"{plate}.11", plate, metal, 500),
    ]


CAPACITORS = [
    *_capacitor("capm", "met3", "via3", 200, 140, "via2"),
    *_capacitor("cap2m", "met4", "via4", 800, 200, "via3"),
]

SHAPES = [
    Case("x.acute", [("met1", [(0, 0), (0, 3000), (3000, 0)])],
         [("met1", [(0, 0), (0, 3000), (2000, 3000), (3000, 2000), (3000, 0)])]),
    # The gap between two edges: a notch of 45 degrees in a large plate.
    Case("x.acute", [("met1", [(0, 0), (0, 6000), (3000, 6000), (3000, 3000), (6000, 6000), (6000, 0)])],
         [("met1", [(0, 0), (0, 6000), (3000, 6000), (3000, 3000), (6000, 3000), (6000, 0)])]),
    Case("x.path", [("met1", [(0, 0), (2000, 0), (1000, 0)], 400)], [("met1", [(0, 0), (2000, 0), (2000, 1000)], 400)]),
    Case("x.path", [("met1", [(0, 0), (2000, 0), (1000, 1000)], 400)],
         [("met1", [(0, 0), (2000, 0), (3000, 1000)], 400)]),
    Case("x.path", [("met1", [(0, 0), (0, 0)], 400)], [("met1", [(0, 0), (1000, 0)], 400)]),
    Case("x.polygon", [("met1", [(0, 0), (3000, 3000), (3000, 0), (0, 3000)])],
         [("met1", [(0, 0), (0, 3000), (3000, 3000), (3000, 0)])]),
]  # fmt: skip

DEVICE_CASES: list[Case] = [*DEEP_WELLS, *HIGH_VOLTAGE, *RESISTORS, *CAPACITORS, *SHAPES]
