"""LVS matches the right array in every form it can be written and finds each known-bad layout and netlist."""

import re
from pathlib import Path

import klayout.db as kdb
import pytest
from small_layout import NETLIST, PAIR, Options, draw, draw_pair

from somaforge.flow.checks import lvs
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130


def compare(folder: Path, options: Options, netlist: str = NETLIST, name: str = "matrix.gds") -> tuple[str, ...]:
    """The mismatch lines of a drawing against a netlist."""
    layout = draw(folder / name, options)
    schematic = folder / "matrix.spice"
    schematic.write_text(netlist)
    return lvs.run(SKY130, layout, schematic, "matrix", folder / "matrix.lvsdb").mismatches


@pytest.mark.parametrize("name", ["matrix.gds", "matrix.gds.gz", "matrix.oas"])
def test_the_right_array_matches(tmp_path: Path, name: str) -> None:
    assert compare(tmp_path, Options(), name=name) == ()


@pytest.mark.parametrize("options", [Options(wrapped=True), Options(flat=True)], ids=["wrapper cell", "flat"])
def test_hierarchy_does_not_matter(tmp_path: Path, options: Options) -> None:
    assert compare(tmp_path, options) == ()


def test_cdl_with_metres_matches(tmp_path: Path) -> None:
    cdl = NETLIST.replace("Xn", "Mn").replace("Xp", "Mp").replace("sky130_fd_pr__", "")
    cdl = cdl.replace("w=0.84", "w=0.84u").replace("w=1.68", "w=1680n").replace("l=0.15", "l=150n m=1")
    assert compare(tmp_path, Options(), cdl) == ()


def test_result_counts_flat_transistors_and_writes_the_database(tmp_path: Path) -> None:
    layout, schematic = draw(tmp_path / "m.gds", Options()), tmp_path / "m.spice"
    schematic.write_text(NETLIST)
    result = lvs.run(SKY130, layout, schematic, "matrix", tmp_path / "m.lvsdb")
    assert result.matched
    assert result.devices == 8
    database = kdb.LayoutVsSchematic()
    database.read(str(tmp_path / "m.lvsdb"))
    assert {c.name for c in database.reference.each_circuit()} == {"inv", "row", "matrix"}


def test_net_names_map_layout_to_schematic(tmp_path: Path) -> None:
    layout, schematic = draw(tmp_path / "m.gds", Options()), tmp_path / "m.spice"
    schematic.write_text(NETLIST)
    comparison = lvs.compare_flat(SKY130, layout, schematic, "matrix")
    assert comparison.lines == ()
    assert set(comparison.net_names().values()) == {
        "a_0", "a_1", "y_0", "y_1", "vdd", "gnd", "row_0.mid", "row_1.mid",
    }  # fmt: skip


BAD_LAYOUTS = {
    # 840 nm drawn 825 nm wide: 1.8 % and 15 nm, the smallest step that keeps the device centred.
    "narrow": (Options(nfet_w=825), r"size inv: layout \S+ nfet_01v8 w=0\.825 .* vs schematic n nfet_01v8 w=0\.84 "),
    "merged rows": (Options(merged_rows=True), r"pin gnd: shorted to vdd in the layout"),
    "missing device": (Options(missing_device=True), r"device row: missing in layout, schematic second\.[np] "),
    "open supply": (Options(open_supply=True), r"net matrix: .* vs schematic vdd "),
    "open supply with two labels": (
        Options(open_supply=True, twice_labelled=True),
        r"pin vdd: 2 nets of the layout carry this label",
    ),
    "supply through the substrate": (Options(gnd_by_substrate=True), r"layout matrix: .*soft-connected"),
    "swapped labels": (Options(swapped_labels=True), r"matrix: layout .* vs schematic row_0"),
    "no label": (Options(unlabelled="y_1"), r"pin y_1: no label 'y_1' on a conductor of layout cell matrix"),
    "pin shape on nothing": (Options(extra_pin_shape=True), r"pin shape on met1 at \(5\.100, 20\.100\) um: no net"),
    "other threshold": (Options(hvt=True), r"device inv: layout \S+ pfet_01v8_hvt .* vs schematic p pfet_01v8 "),
    "wells without taps": (Options(without_taps=True), r"device matrix: .* b="),
}


@pytest.mark.parametrize("name", BAD_LAYOUTS)
def test_bad_layout(tmp_path: Path, name: str) -> None:
    options, expected = BAD_LAYOUTS[name]
    lines = compare(tmp_path, options)
    assert any(re.search(expected, line) for line in lines), "\n".join(lines)


BAD_NETLISTS = {
    "swapped net": (
        "Xsecond mid y vdd gnd inv", "Xsecond y mid vdd gnd inv", ("differs", "missing"),
    ),
    "gate on another net": ("Xn y a gnd gnd", "Xn y vdd gnd gnd", ("differs", "missing")),
    "missing transistor": ("Xp vdd a y vdd sky130_fd_pr__pfet_01v8 w=1.68 l=0.15\n", "", ("missing in schematic",)),
    # 1.5 % of 0.84 um.
    "wrong W": ("w=0.84", "w=0.8526", ("size inv",)),
    "wrong L": ("w=1.68 l=0.15", "w=1.68 l=0.155", ("size inv",)),
    "two fingers": ("w=0.84 l=0.15", "w=0.84 l=0.15 m=2", ("missing in layout",)),
    "merged nets": ("Xfirst a mid", "Xfirst a a", ("differs", "missing")),
    "one pin more": (".subckt matrix a_0", ".subckt matrix extra a_0", ("pin extra: no label 'extra'",)),
    "another pin name": ("y_1", "z_1", ("pin z_1: no label 'z_1'", "net matrix: layout label y_1 vs schematic z_1")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_NETLISTS)
def test_bad_netlist(tmp_path: Path, name: str) -> None:
    old, new, expected = BAD_NETLISTS[name]
    assert old in NETLIST
    lines = compare(tmp_path, Options(), NETLIST.replace(old, new))
    assert lines
    assert any(text in line for text in expected for line in lines), "\n".join(lines)


@pytest.mark.parametrize(("second_w", "matched"), [(840, True), (855, False)])
def test_one_parallel_device_of_wrong_width_is_found(tmp_path: Path, second_w: int, matched: bool) -> None:
    """Devices in parallel are not added up: the sum would be wrong by half as much, among 8 by an eighth."""
    (tmp_path / "pair.spice").write_text(PAIR)
    result = lvs.run(SKY130, draw_pair(tmp_path / "pair.gds", second_w), tmp_path / "pair.spice", "pair", None)
    assert result.matched is matched, result.mismatches
    assert matched or any("w=0.855" in line for line in result.mismatches)


REFUSED = {
    "no such subcircuit": (".subckt matrix", ".subckt other", "no subcircuit 'matrix'; it has: inv, other, row"),
    "resistor": ("Xfirst", "R1 a mid 100\nXfirst", "'R1 a mid 100' is no device that LVS knows"),
    "unknown device": ("nfet_01v8 ", "esd_nfet_01v8 ", "sky130_fd_pr__esd_nfet_01v8 is no device that LVS knows"),
    "no width": ("w=0.84 ", "", "needs w and l above 0"),
    "half a finger": ("w=0.84", "m=0.5 w=0.84", "m, mult and nf must be whole numbers from 1 to 1000"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_netlist(tmp_path: Path, name: str) -> None:
    old, new, message = REFUSED[name]
    with pytest.raises(InputError) as error:
        compare(tmp_path, Options(), NETLIST.replace(old, new))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_refused_layouts(tmp_path: Path) -> None:
    schematic = tmp_path / "m.spice"
    schematic.write_text(NETLIST)
    with pytest.raises(InputError, match=r"no such file"):
        lvs.run(SKY130, tmp_path / "none.gds", schematic, "matrix", None)
    layout = draw(tmp_path / "m.gds", Options())
    with pytest.raises(InputError, match="no cell 'other'; its top cells: matrix"):
        lvs.run(SKY130, layout, schematic, "other", None)
    damaged = tmp_path / "damaged.gds"
    damaged.write_bytes(layout.read_bytes()[:500])
    with pytest.raises(InputError, match="not a layout that can be read"):
        lvs.run(SKY130, damaged, schematic, "matrix", None)


def test_a_device_that_lvs_cannot_extract_is_refused(tmp_path: Path) -> None:
    layout = kdb.Layout()
    layout.read(str(draw(tmp_path / "m.gds", Options())))
    layout.top_cell().shapes(layout.layer(82, 44)).insert(kdb.Box(0, 0, 500, 500))
    layout.write(str(tmp_path / "r.gds"))
    (tmp_path / "m.spice").write_text(NETLIST)
    with pytest.raises(
        InputError, match=r"layer 82/44 \(pnp bipolar transistor\) marks a device that cannot be extracted"
    ):
        lvs.run(SKY130, tmp_path / "r.gds", tmp_path / "m.spice", "matrix", None)


def test_empty_layout_is_a_mismatch(tmp_path: Path) -> None:
    layout = kdb.Layout()
    layout.create_cell("matrix").shapes(layout.layer(68, 20)).insert(kdb.Box(0, 0, 5000, 5000))
    layout.write(str(tmp_path / "m.gds"))
    (tmp_path / "m.spice").write_text(NETLIST)
    result = lvs.run(SKY130, tmp_path / "m.gds", tmp_path / "m.spice", "matrix", None)
    assert "layout matrix: no transistor was found in it" in result.mismatches


@pytest.mark.parametrize(
    ("extra", "lines"), [("", ()), ("c", ("net feed: layout label c names no net of the schematic",))]
)
def test_labels_of_a_cell_without_devices(tmp_path: Path, extra: str, lines: tuple[str, ...]) -> None:
    layout = kdb.Layout()
    cell = layout.create_cell("feed")
    for k, name in enumerate(n for n in ("a", "b", extra) if n):
        cell.shapes(layout.layer(68, 20)).insert(kdb.Box(0, 2000 * k, 5000, 2000 * k + 500))
        cell.shapes(layout.layer(68, 5)).insert(kdb.Text(name, 200, 2000 * k + 200))
    layout.write(str(tmp_path / "m.gds"))
    (tmp_path / "m.spice").write_text(".subckt feed a b\n.ends\n")
    assert lvs.run(SKY130, tmp_path / "m.gds", tmp_path / "m.spice", "feed", None).mismatches == lines
