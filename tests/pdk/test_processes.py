"""Processes by name, and what one says of its wiring."""

import pytest

from somaforge.pdk import PROCESSES, default, load
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.parasitics import interconnect


def test_a_process_is_found_by_its_name() -> None:
    assert {name: process.name for name, process in PROCESSES.items()} == {name: name for name in PROCESSES}
    assert load("sky130") is PROCESSES["sky130"]
    with pytest.raises(InputError, match=r"^pdk: unknown process 'skywater130'; nearest: sky130; known: sky130$"):
        load("skywater130")


def test_with_several_processes_one_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default() == "sky130"
    monkeypatch.setitem(PROCESSES, "other", load("sky130"))
    with pytest.raises(InputError, match=r"^several processes are known \(other, sky130\): name one with --pdk$"):
        default()


def test_wiring_goes_by_corner() -> None:
    wires = load("sky130").wires
    assert wires.nominal == interconnect()
    assert wires.interconnect("low", "high") == interconnect(corner="low", resistance="high")
    with pytest.raises(InputError, match=r"^no extraction corner is called 'typical'; use one of: nominal, low, high$"):
        wires.interconnect("typical")


def test_currents_and_resistances_are_of_the_same_wires() -> None:
    wires = load("sky130").wires
    assert set(wires.max_A_per_um) <= wires.nominal.sheet_ohm.keys()
    assert set(wires.max_A_per_cut) <= wires.nominal.cut_ohm.keys()
    assert len(wires.max_A_per_um) == len(wires.max_A_per_cut) + 1
    assert wires.roles["strap"] in wires.max_A_per_um
