"""Devices on the closed list are compared; every other combination of layers is refused by name and place."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow import pex
from somaforge.flow.checks import lvs, proof
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.gds import CAPACITOR_PLATES, DIODE, DRAWN, LABELS, RESISTORS, RPM, SUBSTRATE_LABEL, URPM
from somaforge.pdk.sky130.process import SKY130

CASES = Path(__file__).resolve().parents[2] / "cases"
P = "sky130_fd_pr__"
LAYERS = {**DRAWN, **CAPACITOR_PLATES, "rpm": RPM, "urpm": URPM, "diode": DIODE, "short": (66, 15)}
LAYERS |= {f"{wire}_res": marks[0] for wire, marks in RESISTORS.items()}


class Sketch:
    """One cell `t`, in um."""

    def __init__(self) -> None:
        self.layout = kdb.Layout()
        self.cell = self.layout.create_cell("t")

    def box(self, layer: str, *corners: float) -> "Sketch":
        self.cell.shapes(self.layout.layer(*LAYERS[layer])).insert(kdb.DBox(*corners).to_itype(self.layout.dbu))
        return self

    def label(self, layer: str, text: str, x: float, y: float) -> "Sketch":
        numbers = SUBSTRATE_LABEL if layer == "substrate" else LABELS[layer]
        self.cell.shapes(self.layout.layer(*numbers)).insert(kdb.DText(text, x, y).to_itype(self.layout.dbu))
        return self


def bar(layer: str, *marks: str, w: float = 0.48, well: bool = False, high: bool = False, l_um: float = 2.0) -> Sketch:
    """A bar of 10 um between contacts `a` and `b`, marked over `l_um`; `s` is the substrate, `w` the well."""
    sketch = Sketch().box(layer, 0, 0, 10, w)
    for name, x in (("a", 0.2), ("b", 9.6)):
        sketch.box("licon", x, 0.1, x + 0.17, 0.27).box("li", x - 0.1, 0, x + 0.3, 0.4).label("li", name, x + 0.05, 0.2)
    for mark in marks:
        sketch.box(mark, 3, -0.2, 3 + l_um, w + 0.2)
    if layer == "diff":
        sketch.box("psdm" if well else "nsdm", -0.2, -0.2, 10.2, w + 0.2)
    if well:
        sketch.box("nwell", -1, -1, 11, 2).label("nwell", "w", 5, 1)
    else:
        sketch.label("substrate", "s", 5, -0.5)
    return sketch.box("hvi", -1, -1, 11, 2) if high else sketch


def plate(cap: str = "capm", below: str = "met3", via: str = "via3", above: str = "met4") -> Sketch:
    """A capacitor of 5 um by 4 um, `a` on top and `b` below."""
    sketch = Sketch().box(below, 0, 0, 10, 10).box(cap, 1, 1, 6, 5).box(via, 2, 2, 2.2, 2.2)
    return sketch.box(above, 1.8, 1.8, 12, 2.4).label(above, "a", 11, 2).label(below, "b", 9, 9)


def diode(*more: str, well: bool = False) -> Sketch:
    """A square of diffusion `a` in substrate or well `b`."""
    sketch = Sketch().box("diff", 0, 0, 1, 1).box("licon", 0.3, 0.3, 0.47, 0.47).box("li", 0.2, 0.2, 0.6, 0.6)
    sketch.label("li", "a", 0.3, 0.3).box("diode", -0.1, -0.1, 1.1, 1.1)
    sketch.box("psdm" if well else "nsdm", -0.2, -0.2, 1.2, 1.2)
    if well:
        sketch.box("nwell", -1, -1, 2, 2).label("nwell", "b", 1.5, 1.5)
    else:
        sketch.label("substrate", "b", -2, -2)
    for layer in more:
        sketch.box(layer, -0.5, -0.5, 1.5, 1.5)
    return sketch


def wire() -> Sketch:
    sketch = Sketch().box("met1", 0, 0, 10, 0.5).box("met1_res", 3, -1, 5, 1)
    return sketch.label("met1", "a", 0.2, 0.2).label("met1", "b", 9, 0.2)


MATCH = {
    "poly": (bar("poly", "poly_res"), f"R0 a b {P}res_generic_po w=0.48 l=2", "a b"),
    "poly, ends exchanged": (bar("poly", "poly_res"), f"X0 b a {P}res_generic_po w=0.48 l=2", "a b"),
    "poly, CDL": (bar("poly", "poly_res"), f"R0 a b 100 $[{P}res_generic_po] $W=0.48u $L=2u", "a b"),
    "tie cell": (bar("poly", "short", l_um=0.045), f"R0 a b {P}res_generic_po w=480000u l=45000u", "a b"),
    "tie cell without sizes": (bar("poly", "short", l_um=0.045), f"R0 a b {P}res_generic_po", "a b"),
    "high": (bar("poly", "poly_res", "rpm", w=0.35), f"X0 a b s {P}res_high_po_0p35 l=2", "a b s"),
    "high by width": (bar("poly", "poly_res", "rpm", w=0.35), f"X0 a b s {P}res_high_po w=0.35 l=2", "a b s"),
    "ultra": (bar("poly", "poly_res", "urpm", w=0.35), f"X0 a b s {P}res_xhigh_po_0p35 l=2", "a b s"),
    "n diffusion": (bar("diff", "diff_res"), f"X0 a b s {P}res_generic_nd w=0.48 l=2", "a b s"),
    "p diffusion": (bar("diff", "diff_res", well=True), f"X0 a b w {P}res_generic_pd w=0.48 l=2", "a b w"),
    "5 V": (bar("diff", "diff_res", high=True), f"X0 a b s {P}res_generic_nd__hv w=0.48 l=2", "a b s"),
    "metal": (wire(), f"R0 a b {P}res_generic_m1 w=0.5 l=2", "a b"),
    "capacitor": (plate(), f"X0 a b {P}cap_mim_m3_1 w=5 l=4 mf=1", "a b"),
    "capacitor above": (plate("cap2m", "met4", "via4", "met5"), f"C0 a b {P}cap_mim_m3_2 w=4 l=5", "a b"),
    "n diode": (diode(), f"X0 b a {P}diode_pw2nd_05v5 area=1e12 perim=4e6", "a b"),
    "p diode": (diode(well=True), f"D0 a b {P}diode_pd2nw_05v5 area=1p pj=4u", "a b"),
    "p diode, hvt": (diode("hvtp", well=True), f"D0 a b {P}diode_pd2nw_05v5_hvt area=1 pj=4", "a b"),
}  # fmt: skip
NOT_CARRIED = ("5 V", "capacitor", "capacitor above")
"""In extraction: no model, or a plate that it does not know."""
DIFFER = {
    "length": (bar("poly", "poly_res"), f"R0 a b {P}res_generic_po w=0.48 l=2.01", "a b"),
    "width": (bar("poly", "poly_res"), f"R0 a b {P}res_generic_po w=0.49 l=2", "a b"),
    "two": (bar("poly", "poly_res"), f"R0 a b {P}res_generic_po w=0.48 l=2 m=2", "a b"),
    "kind": (bar("poly", "poly_res"), f"X0 a b s {P}res_high_po w=0.48 l=2", "a b s"),
    "width in the name": (bar("poly", "poly_res", "rpm", w=0.35), f"X0 a b s {P}res_high_po_0p69 l=2", "a b s"),
    "bulk": (bar("poly", "poly_res", "rpm", w=0.35), f"X0 a b a {P}res_high_po_0p35 l=2", "a b s"),
    "ultra for high": (bar("poly", "poly_res", "rpm", w=0.35), f"X0 a b s {P}res_xhigh_po_0p35 l=2", "a b s"),
    "1.8 V for 5 V": (bar("diff", "diff_res", high=True), f"X0 a b s {P}res_generic_nd w=0.48 l=2", "a b s"),
    "metal": (wire(), f"R0 a b {P}res_generic_m2 w=0.5 l=2", "a b"),
    "plates exchanged": (plate(), f"X0 b a {P}cap_mim_m3_1 w=5 l=4", "a b"),
    "area": (plate(), f"X0 a b {P}cap_mim_m3_1 w=5 l=4.1", "a b"),
    "outline": (plate(), f"X0 a b {P}cap_mim_m3_1 w=2 l=10", "a b"),
    "two capacitors": (plate(), f"X0 a b {P}cap_mim_m3_1 w=5 l=4 mf=2", "a b"),
    "shorted plates": (plate().box("via3", 8, 8, 8.2, 8.2).box("met4", 7.9, 2, 8.4, 8.4),
                       f"X0 a b {P}cap_mim_m3_1 w=5 l=4", "a b"),
    "diode reversed": (diode(), f"D0 a b {P}diode_pw2nd_05v5 area=1 pj=4", "a b"),
    "diode area": (diode(), f"D0 b a {P}diode_pw2nd_05v5 area=1.1 pj=4", "a b"),
    "diode kind": (diode("hvtp", well=True), f"D0 a b {P}diode_pd2nw_05v5 area=1 pj=4", "a b"),
}  # fmt: skip
REFUSED = {
    "rpm without mark": (bar("poly", "rpm", w=0.35), "poly in rpm without a resistor's mark"),
    "rpm and urpm": (bar("poly", "poly_res", "rpm", "urpm", w=0.35), "poly in rpm and urpm"),
    "plate on nothing": (Sketch().box("capm", 1, 1, 4, 4).box("met4", 0, 0, 5, 5), "capm beside met3"),
    "native diode": (diode("hvi", "lvtn"), "hvi and lvtn over a diode"),
    "diode of two thresholds": (diode("hvtp", "lvtn", well=True), "hvtp with hvi or lvtn over a diode"),
}


def compare(tmp_path: Path, sketch: Sketch, device: str, ports: str) -> tuple[str, ...]:
    sketch.layout.write(str(tmp_path / "t.gds"))
    (tmp_path / "t.spice").write_text(f".subckt t {ports}\n{device}\n.ends\n")
    return lvs.run(SKY130, tmp_path / "t.gds", tmp_path / "t.spice", "t", None).mismatches


@pytest.mark.parametrize("name", MATCH)
def test_device_that_matches(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, *MATCH[name]) == ()


@pytest.mark.parametrize("name", MATCH)
def test_extraction_carries_the_device_or_names_it(tmp_path: Path, name: str) -> None:
    """What is written is what the mask has: it compares with the layout."""
    sketch, _, ports = MATCH[name]
    sketch.layout.write(str(tmp_path / "t.gds"))
    written = tmp_path / "o.spice", tmp_path / "o.csv"
    if name in NOT_CARRIED:
        with pytest.raises(InputError, match=r"cell t: sky130_fd_pr__\w+ at \(.*\) um: extraction does not carry it"):
            pex.write_layout(SKY130, tmp_path / "t.gds", "t", *written)
        assert not any(path.exists() for path in written)
        return
    assert pex.write_layout(SKY130, tmp_path / "t.gds", "t", *written)["pex__other_devices__count"] == 1
    (line,) = (x for x in written[0].read_text().splitlines() if x[1:3] == "d_")
    assert compare(tmp_path, sketch, line, ports) == ()


@pytest.mark.parametrize("name", DIFFER)
def test_device_that_differs(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, *DIFFER[name])


@pytest.mark.parametrize("name", REFUSED)
def test_device_that_is_refused(tmp_path: Path, name: str) -> None:
    sketch, message = REFUSED[name]
    with pytest.raises(InputError, match=rf"cell t: {message}.* that cannot be extracted, at \(.*\) um"):
        compare(tmp_path, sketch, "", "a b")


MARKS = {(81, 19): "ESD", (81, 2): "SRAM", (18, 20): "mvt", (74, 22): "20 V", (82, 64): "vpp", (64, 18): "deep nwell"}
MARKS |= {(82, 20): "npn", (81, 81): "photodiode", (80, 20): "SONOS", (81, 23): "diode", (66, 13): "resistor"}
MARKS |= {(200, 7): "not a layer that LVS knows"}


@pytest.mark.parametrize("layer", MARKS)
@pytest.mark.parametrize("polarity", ["n", "p"])
def test_mark_over_a_transistor(tmp_path: Path, layer: tuple[int, int], polarity: str) -> None:
    layout = kdb.Layout()
    layout.read(str(CASES / "inv.gds"))
    cell = layout.top_cell()
    diff, poly, well = (kdb.Region(cell.begin_shapes_rec(layout.layer(*DRAWN[k]))) for k in ("diff", "poly", "nwell"))
    gate = diff & poly & well if polarity == "p" else (diff & poly) - well
    cell.shapes(layout.layer(*layer)).insert(gate.sized(100))
    layout.write(str(tmp_path / "m.gds"))
    for run in (
        lambda: lvs.run(SKY130, tmp_path / "m.gds", CASES / "inv.spice", "inv", None),
        lambda: pex.write_layout(SKY130, tmp_path / "m.gds", "inv", tmp_path / "o.spice", tmp_path / "o.csv"),
    ):
        with pytest.raises(InputError, match=MARKS[layer]) as error:
            run()
        assert " um" in str(error.value)


PAIR = """.subckt pair a1 y1 a2 y2 vdd gnd
X0 y1 a1 gnd gnd sky130_fd_pr__nfet_01v8 w=0.65 l=0.15
X1 y1 a1 vdd vdd sky130_fd_pr__pfet_01v8 w=1.0 l=0.15
X2 y2 a2 gnd gnd sky130_fd_pr__nfet_01v8 w=0.65 l=0.15
X3 y2 a2 vdd vdd sky130_fd_pr__pfet_01v8 w=1.0 l=0.15
.ends
.subckt top in+ out+ in- out- vdd gnd
Xp {} out+ {} out- vdd gnd pair
.ends
"""


@pytest.mark.parametrize(("inputs", "matched"), [(("in+", "in-"), True), (("in-", "in+"), False)])
def test_inputs_of_two_equal_parts_do_not_change_places(tmp_path: Path, inputs: tuple[str, str], matched: bool) -> None:
    layout = kdb.Layout()
    layout.read(str(CASES / "plusminus.gds"))
    pair = layout.top_cell()
    top = layout.create_cell("top")
    top.insert(kdb.CellInstArray(pair.cell_index(), kdb.Trans()))
    for numbers in LABELS.values():
        for shape in pair.shapes(layout.layer(*numbers)).each(kdb.Shapes.STexts):
            top.shapes(layout.layer(*numbers)).insert(shape.text)
    layout.flatten(pair.cell_index(), -1, True)
    layout.write(str(tmp_path / "top.gds"))
    (tmp_path / "top.spice").write_text(PAIR.format(*inputs))
    assert lvs.run(SKY130, tmp_path / "top.gds", tmp_path / "top.spice", "top", None).matched is matched


def test_proof_finds_exchanged_pins(tmp_path: Path) -> None:
    """The tie cell that KLayout alone takes for equal with high and low exchanged."""
    layout, netlist = CASES / "row.gds", CASES / "row_swapped.spice"
    by = SKY130.checks.connectivity
    schematic = lvs.read_netlist(netlist, "row", by.devices)
    found = lvs._compare(
        by, lvs.open_layout(layout, "row"), schematic, "row", frozenset(), frozenset(),
        flat=False, reduced=False,
    )  # fmt: skip
    assert found.lines == ()
    assert proof.check(found.extraction.lvs).exchanged == {"tie"}
