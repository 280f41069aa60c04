"""Schematic against layout on one small chip: what the wiring must do, and what must not be compared."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from somaforge.flow import pex
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.measure.layout_effect import (
    Behaviour,
    LayoutEffect,
    first_of_each_class,
    layout_effect,
    schematic_of,
)
from somaforge.generator import layout, netlist
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> ProgrammedChip:
    """4-3-3 of one bit, extracted, every input with an output of its own."""
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"] |= {"layers": [4, 3, 3], "bits": 1}
    table["network"]["layers"] = [4, 3, 3]
    design = build(Spec.model_validate(table))
    folder = tmp_path_factory.mktemp("effect")
    layout.draw(design).write(folder / "array.gds")
    netlist.write_spice(design.library, folder / "array.spice")
    found = pex.extract(SKY130, folder / "array.gds", design.library.top, folder / "array.spice")
    flat = pex.annotate(design.flat, found, smallest_F=2e-17)
    codes = (np.eye(4, 3, dtype=np.int64), np.eye(3, dtype=np.int64))
    return ProgrammedChip(design, flat, codes, np.zeros(len(flat.mos)), design.spec.at)


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_wiring_costs_time_and_leaves_currents(chip: ProgrammedChip) -> None:
    """Three patterns, one input each: slower, and the same currents within 1 % (ohms at microamperes).

    Energy may go either way: charge for the wires, less current while they charge.
    """
    inputs = np.zeros((3, 4))
    inputs[range(3), range(3)] = 100e-9
    effect = layout_effect(NgspiceEngine(), chip, inputs, np.arange(3), 4e-6, 3)
    found = effect.metrics()
    assert 0 < found["pex__time_to_output_change__ratio"] < 5
    assert abs(found["pex__energy_change__ratio"]) < 0.2
    assert abs(found["pex__slope_change__ratio"]) < 0.01
    assert effect.current_change_max < 0.01
    assert effect.patterns == 3


def test_schematic_has_the_same_transistors(chip: ProgrammedChip) -> None:
    """Shifts stay with their transistors; another circuit is refused."""
    bare = schematic_of(chip)
    assert [m.name for m in bare.flat.mos] == [m.name for m in chip.flat.mos]
    assert not bare.flat.capacitors
    assert not bare.flat.resistors
    assert all(m.junctions is None for m in bare.flat.mos)
    fewer = replace(chip.flat, mos=chip.flat.mos[1:])
    with pytest.raises(InputError, match="are not those of the schematic"):
        schematic_of(replace(chip, flat=fewer, shifts=chip.shifts[1:]))


def test_patterns_take_the_classes_in_turn() -> None:
    """Classes 0 0 0 1 1: first, first, second, second, third."""
    assert first_of_each_class(np.array([0, 0, 0, 1, 1])).tolist() == [0, 3, 1, 4, 2]
    assert first_of_each_class(np.zeros(99, dtype=np.int64)).tolist() == list(range(12))


def test_what_the_schematic_does_not_have_is_not_measured() -> None:
    """A winner that never changes has no time to output: no metric, which fails a limit, and the flow goes on."""
    still, moving = Behaviour(1.0, 1e-12, 0.0), Behaviour(1.0, 1e-12, 1e-7)
    assert sorted(LayoutEffect(still, moving, 0.0, 1, ()).metrics()) == [
        "pex__energy_change__ratio", "pex__slope_change__ratio",
    ]  # fmt: skip
    assert LayoutEffect(moving, replace(moving, energy_J=2e-12), 0.0, 1, ()).metrics() == {
        "pex__slope_change__ratio": 0.0,
        "pex__energy_change__ratio": 1.0,
        "pex__time_to_output_change__ratio": 0.0,
    }
