"""Schematics for xschem: what a sheet joins is the circuit, name by name, and a wire beside its place is noticed."""

import re
from dataclasses import replace

import pytest
from tests.generator.specs import free_design
from tests.generator.xschem import netlister
from tests.generator.xschem.netlister import WrongError

from somaforge.generator.address import memory_map
from somaforge.generator.circuit import Element, Library
from somaforge.generator.periphery.circuit import gate_circuits
from somaforge.generator.periphery.netlist import build
from somaforge.generator.xschem.sides import sides
from somaforge.generator.xschem.write import schematics
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130
from somaforge.pdk.sky130.symbols import symbol


def array(bits: int = 3, **more: object) -> Library:
    return free_design((3, 2, 2), bits=bits, **more).library


@pytest.mark.parametrize("bits", [1, 4, 6])
@pytest.mark.parametrize("style", ["unit", "scaled"])
def test_every_sheet_is_its_circuit(bits: int, style: str) -> None:
    library = array(bits, mirror={"style": style, "pfet": "hvt"})
    files = schematics(library, symbol)
    assert len(files) == 2 * len(library.circuits) + 1
    for name, circuit in library.circuits.items():
        assert netlister.read(files, name) == netlister.of(circuit), name


@pytest.mark.needs_pdk
def test_the_ports_foundry_cells_are_drawn_too() -> None:
    made = gate_circuits(SKY130.cells, build(memory_map((3, 2, 2), 3)), "port")  # type: ignore[arg-type]
    library = Library({circuit.name: circuit for circuit in made}, "port")
    files = schematics(library, symbol)
    for name, circuit in library.circuits.items():
        assert netlister.read(files, name) == netlister.of(circuit), name


def wires(text: str) -> list[re.Match[str]]:
    return list(re.finditer(r"^N (\S+) (\S+) (\S+) (\S+) \{\}$", text, re.MULTILINE))


def test_a_wire_beside_its_place_is_noticed() -> None:
    library = array()
    files = schematics(library, symbol)
    name = library.circuits["drawn__synapse"].name
    text, expected = files[f"{name}.sch"], netlister.of(library.circuits[name])
    found = wires(text)
    assert len(found) == 30
    for wire in found:
        x1, y1, x2, y2 = map(int, wire.groups())
        dx, dy = (10, 0) if x1 == x2 else (0, 10)
        moved = f"N {x1 + dx} {y1 + dy} {x2 + dx} {y2 + dy} {{}}"
        broken = {**files, f"{name}.sch": text[: wire.start()] + moved + text[wire.end() :]}
        try:
            assert netlister.read(broken, name) != expected, moved
        except WrongError:
            continue


def test_a_wire_across_two_nets_is_noticed() -> None:
    files = schematics(array(), symbol)
    files["drawn__soma.sch"] += "N 550 150 780 150 {}\n"
    with pytest.raises(WrongError, match=r"is called \['vn', 'vp'\]$"):
        netlister.read(files, "drawn__soma")


def test_rails_are_above_and_below_inputs_at_the_left() -> None:
    places = sides(array(), symbol)
    assert places["drawn__soma"] == {"in": "left", "vp": "right", "vn": "right", "vdd": "top", "gnd": "bottom"}
    latch = places["drawn__latch"]
    assert [port for port, side in latch.items() if side == "left"] == ["wl"]
    assert [port for port, side in latch.items() if side == "top"] == ["vdd", "vpb"]
    top = places["drawn"]
    assert (top["in_0"], top["out_0"], top["wl_0_0"], top["vdd"]) == ("left", "right", "left", "top")


def test_current_flows_down() -> None:
    """The two sign switches are above and below the mirrors, whose drains one straight wire joins."""
    text = schematics(array(), symbol)["drawn__synapse.sch"]
    place = {
        m[3]: (int(m[1]), int(m[2])) for m in re.finditer(r"^C \{sky130\S+ (\S+) (\S+) 0 0 \{name=(\w+)", text, re.M)
    }
    column = [place[name] for name in ("m_sign_p", "mp_0_0", "mn_0_0", "m_sign_n")]
    assert len({x for x, _ in column}) == 1
    assert [y for _, y in column] == sorted(y for _, y in column)
    assert len(set(place.values())) == len(place), "none on another"


def test_sheets_grow_with_terminals_not_with_cells() -> None:
    """A matrix is one row, many times: 100 x 100 synapses are a sheet of a few hundred lines."""
    files = schematics(free_design((100, 100)).library, symbol)
    assert len(files["drawn__matrix_0.sch"].splitlines()) < 2500
    assert "shown=vp_0..99" in files["drawn__matrix_0.sch"]


def test_what_has_no_symbol_is_refused() -> None:
    with pytest.raises(InputError, match=r"^sky130_fd_pr__cap_mim_m3_1: is no transistor of sky130"):
        symbol("sky130_fd_pr__cap_mim_m3_1")
    library = array()
    diode = Element("d1", "X", "diode", ("gnd", "vdd"), (("area", 1.0),))
    soma = replace(library.circuits["drawn__soma"], elements=(diode,))
    with pytest.raises(InputError, match=r"^drawn__soma: d1 is no transistor; no schematic is drawn of it$"):
        schematics(replace(library, circuits={**library.circuits, soma.name: soma}), symbol)


def test_names_that_mean_something_to_xschem_are_refused() -> None:
    library = array()
    soma = library.circuits["drawn__soma"]
    named = replace(soma, mos=(replace(soma.mos[0], name="m{1}"), *soma.mos[1:]))
    with pytest.raises(ValueError, match=r"^'m\{1\}' cannot stand in a file of xschem$"):
        schematics(replace(library, circuits={**library.circuits, soma.name: named}), symbol)
