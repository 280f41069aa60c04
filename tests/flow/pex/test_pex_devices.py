"""Resistors and diodes in extracted netlists: cards for the foundry's models, bodies of resistors, rows with ties."""

import re
import subprocess
from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.pex.test_pex_layout import MODELS, foundry

from somaforge.flow import pex
from somaforge.flow.checks import lvs
from somaforge.flow.pex.resistance import net_resistances
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.devices import NETLIST_DEVICES
from somaforge.pdk.sky130.process import SKY130

CONB, INVERTER = "sky130_fd_sc_hd__conb_1", "sky130_fd_sc_hd__inv_1"
pytestmark = pytest.mark.needs_pdk

CARDS = {device.full_name: device.card for device in NETLIST_DEVICES.devices if device.card is not None}


def simulate(folder: Path, *lines: str) -> list[float]:
    """What `.print op` of a deck with the foundry's models gives."""
    deck = f'* deck\n.lib "{DATA.root() / MODELS}" tt\n' + "\n".join(lines) + "\n.op\n.end\n"
    (folder / "deck.sp").write_text(deck)
    run = subprocess.run(
        ["ngspice", "-b", "deck.sp"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    rows = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("0\t")]
    assert rows, run.stdout + run.stderr
    return [float(value) for row in rows for value in row]


SIZES = {"W": 1.0, "L": 2.0, "A": 2.0, "P": 6.0}


def _line(k: int, name: str, node: str) -> str:
    """Element k with its first terminal on a node, the others on ground."""
    card = CARDS[name]
    sizes = " ".join(f"{key}={value:g}" for key, value in card.sizes(SIZES))
    return f"{card.element}{k} {node} {' '.join('0' for _ in card.terminals[1:])} {name} {sizes}"


@pytest.mark.needs_ngspice
def test_the_foundry_has_a_model_for_every_resistor(tmp_path: Path) -> None:
    """1 uA drops what the sheet resistance says."""
    names = [name for name, card in CARDS.items() if card.lengths]
    lines = [line for k, name in enumerate(names) for line in (_line(k, name, f"n{k}"), f"i{k} 0 n{k} 1u")]
    values = simulate(tmp_path, *lines, *(f".print op v(n{k})" for k in range(len(names))))
    squares = {n.removeprefix("sky130_fd_pr__"): v / 1e-6 / 2 for n, v in zip(names, values, strict=True)}
    assert 40 < squares["res_generic_po"] < 60  # 48.2 ohm per square
    assert 480 < squares["res_high_po"] < 540  # (346 / 1.156 + 320 * 2.247) / 2 with its head
    assert 1500 < squares["res_xhigh_po"] < 2700  # 2,000, and two heads
    assert 100 < squares["res_generic_nd"] < 140  # 120
    assert 0.1 < squares["res_generic_m1"] < 0.15  # 0.125


@pytest.mark.needs_ngspice
def test_the_foundry_has_a_model_for_every_diode(tmp_path: Path) -> None:
    """At 0.5 V 2 um2 carry nanoamperes, from the anode alone."""
    names = [name for name, card in CARDS.items() if not card.lengths]
    for volts in (0.5, -0.5):
        lines = [line for k, name in enumerate(names) for line in (_line(k, name, f"n{k}"), f"v{k} n{k} 0 {volts}")]
        printed = [f"print @d.x{k}.d{name}[id]" for k, name in enumerate(names)]
        text = ["* deck", f'.lib "{DATA.root() / MODELS}" tt', *lines, ".control", "op", *printed, ".endc", ".end"]
        (tmp_path / "deck.sp").write_text("\n".join(text) + "\n")
        command = ["ngspice", "-b", "deck.sp"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        currents = [float(x) for x in re.findall(r"\[id\] = (\S+)", run.stdout)]
        assert len(currents) == len(names), run.stdout + run.stderr
        assert all(1e-11 < x < 1e-3 if volts > 0 else -1e-11 < x <= 0 for x in currents), currents


def test_tie_cell() -> None:
    """Two resistors of the foundry's size between its pins; nothing of their poly is lost or floats."""
    found = pex.extract(SKY130, foundry(CONB, ".gds"), CONB)
    flat = pex.annotate(found.circuit, found)
    assert {frozenset(e.nets) for e in flat.elements} == {frozenset({"VGND", "LO"}), frozenset({"HI", "VPWR"})}
    assert all(e.sizes == (("w", pytest.approx(0.48)), ("l", pytest.approx(0.045))) for e in flat.elements)
    assert set(flat.ports) == {"VGND", "VNB", "VPB", "VPWR", "HI", "LO"}
    assert not [net for net in found.geometry.nets if net.startswith("floating")]
    assert net_resistances(found.geometry, found.process)["LO"] > 0


@pytest.mark.needs_ngspice
def test_tie_cell_ties(tmp_path: Path) -> None:
    """1 mA through 48.2 ohm * 0.045 / 0.48 (4.5 ohm, 5.1 with the foundry's loss of width) and no other drop."""
    pex.write_layout(SKY130, foundry(CONB, ".gds"), CONB, tmp_path / "conb.spice", tmp_path / "conb.csv")
    text = (tmp_path / "conb.spice").read_text()
    ports = re.search(r"^\.subckt \S+ (.*)$", text, re.MULTILINE)
    assert ports is not None
    nodes = {"VGND": "0", "VNB": "0", "VPB": "vdd", "VPWR": "vdd", "HI": "hi", "LO": "lo"}
    call = f"x1 {' '.join(nodes[p] for p in ports[1].split())} {CONB}"
    lines = ('.include "conb.spice"', "vdd vdd 0 1.8", call, "ilo 0 lo 1m", "ihi hi 0 1m", ".print op v(lo) v(hi)")
    low, high = simulate(tmp_path, *lines)
    assert low == pytest.approx(5.1e-3, abs=0.4e-3)
    assert 1.8 - high == pytest.approx(5.1e-3, abs=0.4e-3)


def test_antenna_diode() -> None:
    """The foundry's netlist: area 0.4347 um2, perimeter 2.64 um, anode in the substrate."""
    name = "sky130_fd_sc_hd__diode_2"
    (diode,) = pex.extract(SKY130, foundry(name, ".gds"), name).circuit.elements
    assert diode.nets == ("VNB", "DIODE")
    assert dict(diode.sizes) == {"area": pytest.approx(0.4347), "perim": pytest.approx(2.64)}


def _row(path: Path) -> Path:
    """A tie cell and an inverter side by side, its input on LO, as a router leaves them."""
    layout = kdb.Layout()
    for cell in (CONB, INVERTER):
        layout.read(str(foundry(cell, ".gds")))
    top = layout.create_cell("row")
    places = {CONB: 0, INVERTER: 1380}
    for cell, x in places.items():
        top.insert(kdb.CellInstArray(layout.cell(cell).cell_index(), kdb.Trans(x, 0)))
    labels = {}
    for cell, x in places.items():
        for shape in layout.cell(cell).shapes(layout.layer(67, 5)).each(kdb.Shapes.STexts):
            labels[cell, shape.text_string] = (shape.text.x + x, shape.text.y)
    lo, a, y = labels[CONB, "LO"], labels[INVERTER, "A"], labels[INVERTER, "Y"]
    for at in (lo, a):
        top.shapes(layout.layer(67, 44)).insert(kdb.Box(at[0] - 85, at[1] - 85, at[0] + 85, at[1] + 85))
    top.shapes(layout.layer(68, 20)).insert(
        kdb.Path([kdb.Point(*lo), kdb.Point(a[0], lo[1]), kdb.Point(*a)], 260, 130, 130)
    )
    top.shapes(layout.layer(67, 5)).insert(kdb.Text("out", *y))
    for name, height in (("VGND", 0), ("VPWR", 2720)):
        top.shapes(layout.layer(68, 5)).insert(kdb.Text(name, 400, height))
    top.shapes(layout.layer(64, 5)).insert(kdb.Text("VPB", 400, 2400))
    top.shapes(layout.layer(64, 59)).insert(kdb.Text("VNB", 400, 200))
    layout.write(str(path))
    return path


def test_a_routed_row_with_a_tie_cell(tmp_path: Path) -> None:
    """It compares, and its extraction has the tie cell's resistors on the row's nets."""
    layout = _row(tmp_path / "row.gds")
    netlists = "".join(foundry(cell, ".spice").read_text() for cell in (CONB, INVERTER))
    calls = f"x1 VGND VNB VPB VPWR hi lo {CONB}\nx2 lo VGND VNB VPB VPWR out {INVERTER}\n"
    (tmp_path / "row.spice").write_text(f"{netlists}\n.subckt row VGND VPWR VPB VNB out\n{calls}.ends\n")
    assert lvs.run(SKY130, layout, tmp_path / "row.spice", "row", None).mismatches == ()
    metrics = pex.write_layout(SKY130, layout, "row", tmp_path / "o.spice", tmp_path / "o.csv")
    assert metrics["pex__other_devices__count"] == 2
    text = (tmp_path / "o.spice").read_text().splitlines()
    tied = [line.split()[1:3] for line in text if "res_generic_po" in line]
    gates = {line.split()[2] for line in text if "fet_01v8" in line}
    assert ["VGND", gates.pop()] in tied
    assert gates == set()
