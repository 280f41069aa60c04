"""Resistance: via chains against closed forms, ladders of rows and columns against KLayout's resistor extraction."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from somaforge.flow import pex
from somaforge.flow.pex import dspf
from somaforge.flow.pex.kernel import DIFFUSION, GATE, Rectangles
from somaforge.flow.pex.network import Port, resistances
from somaforge.flow.pex.wires import Wire, stretch
from somaforge.generator import layout, netlist
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec
from somaforge.pdk.sky130.parasitics import INTERCONNECT
from somaforge.pdk.sky130.process import SKY130

CUTS = [cut.name for cut in INTERCONNECT.stack.cuts]
ROOT = Path(__file__).parents[3]
MET1, MET2, MET3 = (GATE + INTERCONNECT.wires.index(f"met{k}") for k in (1, 2, 3))


def table(*rows: tuple[int, int, int, int, int]) -> Rectangles:
    """(layer, left, bottom, right, top in nm), all one net."""
    array = np.array(rows, dtype=np.int64).reshape(-1, 5)
    return Rectangles(array[:, 0], array[:, 1:], np.ones(len(array), dtype=np.int64))


@pytest.mark.parametrize("links", [1, 4])
def test_via_chain(links: int) -> None:
    """met1 and met2 by turns, 0.2 um wide, 10 um from via to via: squares of both and one via per joint."""
    wires = [(MET2 if k % 2 else MET1, 10000 * k - 75, 0, 10000 * (k + 1) + 75, 200) for k in range(links + 1)]
    vias = [(CUTS.index("via"), 10000 * k - 75, 25, 10000 * k + 75, 175) for k in range(1, links + 1)]
    ends = [Port(MET1, 0, 100), Port(wires[-1][0], 10000 * (links + 1), 100)]
    found = resistances(table(*wires), table(*vias), ends, INTERCONNECT)[0, 1]
    assert found == pytest.approx(0.125 * 50 * (links + 1) + 4.5 * links, rel=0.03)


def test_contact_to_diffusion() -> None:
    """li on an n diffusion through two contacts side by side: half of 185 ohm."""
    li = GATE + INTERCONNECT.wires.index("li")
    wires = table((DIFFUSION, 0, 0, 1000, 500), (li, 100, 100, 900, 400))
    contacts = table((CUTS.index("licon_n"), 300, 165, 470, 335), (CUTS.index("licon_n"), 530, 165, 700, 335))
    found = resistances(wires, contacts, [Port(DIFFUSION, 50, 50), Port(li, 500, 250)], INTERCONNECT)[0, 1]
    assert found == pytest.approx(92.5, rel=0.05)


def test_nothing_between_is_infinite() -> None:
    """Two pieces."""
    found = resistances(table((MET1, 0, 0, 9, 9), (MET1, 50, 0, 59, 9)), table(), [], INTERCONNECT)
    assert found.shape == (0, 0)
    ends = [Port(MET1, 100, 100), Port(MET1, 5100, 100)]
    two = table((MET1, 0, 0, 200, 200), (MET1, 5000, 0, 5200, 200))
    assert np.isinf(resistances(two, table(), ends, INTERCONNECT)[0, 1])


@pytest.fixture(scope="module")
def array(tmp_path_factory: pytest.TempPathFactory) -> tuple[Design, pex.Parasitics]:
    """4 x 3 synapses of one bit."""
    spec = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    spec["array"] |= {"layers": [4, 3], "bits": 1}
    spec["network"]["layers"] = [4, 3]
    design = build(Spec.model_validate(spec))
    folder = tmp_path_factory.mktemp("network")
    layout.draw(design).write(folder / "array.gds")
    netlist.write_spice(design.library, folder / "array.spice")
    return design, pex.extract(SKY130, folder / "array.gds", design.spec.name, folder / "array.spice")


def ports_on(shapes: Rectangles, layer: int, wire: Wire) -> list[Port]:
    """The middle line of the longest shape on a layer, at each of the wire's cells."""
    boxes = shapes.box[shapes.layer == layer]
    size = boxes[:, 2:] - boxes[:, :2]
    left, bottom, right, top = boxes[int(np.argmax(size.max(axis=1)))].tolist()
    if right - left > top - bottom:
        return [Port(layer, x, (bottom + top) // 2) for x in wire.x_nm]
    return [Port(layer, (left + right) // 2, y) for y in wire.y_nm]


@pytest.mark.parametrize(("net", "layer"), [("vp_0_1", MET2), ("vn_0_2", MET2), ("wl_0_2", MET2), ("bl_0_1_0", MET3)])
def test_ladders_against_resistor_extraction(array: tuple[Design, pex.Parasitics], net: str, layer: int) -> None:
    """Each stretch between two synapses within 12 %, all of them together within 10 %."""
    _, found = array
    geometry, wire = found.geometry, found.wires[net]
    number = geometry.number[net]
    shapes = geometry.of_net(number)
    ports = ports_on(shapes, layer, wire)
    exact = resistances(shapes, geometry.cuts_of_net(number), ports, INTERCONNECT)
    inner = [s for s in wire.segments if "synapse" in wire.sites[s.a] and "synapse" in wire.sites[s.b]]
    assert len(inner) >= 2
    for s in inner:
        assert s.ohm == pytest.approx(exact[s.a, s.b], rel=0.12)
    assert sum(s.ohm for s in inner) == pytest.approx(sum(exact[s.a, s.b] for s in inner), rel=0.1)


def test_way_to_every_transistor(array: tuple[Design, pex.Parasitics]) -> None:
    """Drain and source have a contact at least; one under the mirror's unit is 185 ohm (n) or 585 ohm (p)."""
    _, found = array
    ohm = found.terminal_ohm
    drawn = {d.name: d for d in found.geometry.devices}
    for name, (d, g, s, b) in ohm.items():
        # Two contacts side by side in the widest transistors.
        least = 585 / 2 if "pfet" in drawn[name].device else 185 / 2
        assert least < min(d, s) < 2000, name
        assert 50 < g < 2000
        assert b == 0
    same = [ohm[f"x_matrix_0.x_row_{r}.x_synapse_1.m_sign_n"] for r in range(4)]
    assert same == [same[0]] * 4


def test_dspf_has_every_net_element_and_terminal(array: tuple[Design, pex.Parasitics], tmp_path: Path) -> None:
    """Sections add up: elements, totals per net, four terminals per transistor."""
    design, found = array
    flat = pex.annotate(design.flat, found)
    path = tmp_path / "array.dspf"
    dspf.write_dspf(flat, path, found)
    lines = path.read_text().splitlines()
    assert lines[:2] == ["*|DSPF 1.5", '*|DESIGN "iris"']
    assert sum(line.startswith("Cc_") for line in lines) == len(flat.capacitors)
    assert sum(line.startswith("Rr_") for line in lines) == len(flat.resistors)
    assert sum(line.startswith("*|I ") for line in lines) == 4 * len(flat.mos)
    totals = {w[1]: float(w[2]) for w in (line.split() for line in lines) if w[0] == "*|NET"}
    assert set(totals) == set(design.flat.nets)
    for net, farad in found.total_capacitance().items():
        if net != found.ground:
            assert totals[net] == pytest.approx(farad, rel=1e-4)


def beside(found: pex.Parasitics, row: int, net: int) -> Port:
    """The diffusion of `net` beside a transistor's channel."""
    t = found.geometry.transistors
    (x, y), step = t.place[row].tolist(), int(t.size[row, 1]) // 2 + 10
    shapes = found.geometry.of_net(net)
    b = shapes.box[shapes.layer == DIFFUSION]
    for px, py in ((x - step, y), (x + step, y), (x, y - step), (x, y + step)):
        if np.any((b[:, 0] < px) & (px < b[:, 2]) & (b[:, 1] < py) & (py < b[:, 3])):
            return Port(DIFFUSION, px, py)
    raise AssertionError(row)


def through(flat: FlatNetlist, a: str, b: str) -> float:
    """Ohm between two nodes of a netlist's resistors."""
    numbers = {n: k for k, n in enumerate(dict.fromkeys(n for r in flat.resistors for n in (r.a, r.b)))}
    matrix = np.zeros((len(numbers), len(numbers)))
    for r in flat.resistors:
        i, j = numbers[r.a], numbers[r.b]
        matrix[[i, j], [j, i]] -= 1 / r.ohm
        matrix[[i, j], [i, j]] += 1 / r.ohm
    one = np.zeros(len(numbers))
    one[numbers[a]], one[numbers[b]] = 1.0, -1.0
    volt = np.linalg.lstsq(matrix, one, rcond=None)[0]
    return float(volt[numbers[a]] - volt[numbers[b]])


def test_from_a_synapse_to_the_soma(array: tuple[Design, pex.Parasitics]) -> None:
    """Contacts, column and the wire to the next soma, in the simulated netlist as in the resistor extraction: 2 %."""
    _, found = array
    flat = pex.annotate(found.circuit, found, contacts=True)
    flat = replace(flat, resistors=tuple(r for r in flat.resistors if "sum_1_1" in r.a))
    t, geometry = found.geometry.transistors, found.geometry
    net = geometry.number["sum_1_1"]
    soma = t.names.index("x_soma_1_1.m0_0")
    ports, nodes = [Port(GATE, *t.place[soma].tolist())], [flat.mos[soma].g]
    for k in range(4):
        row = t.names.index(f"x_matrix_0.x_row_{k}.x_synapse_1.m_switch_0")
        ports.append(beside(found, row, net))
        nodes.append(flat.mos[row].d if t.nets[row, 0] == net else flat.mos[row].s)
    exact = resistances(geometry.of_net(net), geometry.cuts_of_net(net), ports, INTERCONNECT)
    for k in range(1, 5):
        assert through(flat, nodes[0], nodes[k]) == pytest.approx(exact[0, k], rel=0.02)


@pytest.mark.parametrize(("end", "ohm"), [(9000, 1.0), (4000, None)])
def test_a_wire_may_end_a_little_before_its_cell(end: int, ohm: float | None) -> None:
    """10 um wanted, 9 or 4 um of wire (0.9 um wide, 0.1 ohm): half a cell short is the same wire, more is none."""
    boxes = np.array([[0, 0, end, 900]])
    found = stretch(boxes, np.array([900]), np.array([0.1]), 0, 10000)
    assert found == (None if ohm is None else pytest.approx(ohm))
