"""Drivers as one block and as banks: what is drawn, how often, and which wires belong to which input."""

from pathlib import Path
from typing import Any

import pytest
from tests.generator.specs import spec_data

from somaforge.flow.steps.block_checks import Clean
from somaforge.flow.steps.driver_blocks import Made, folders, lane_memory, of_inputs, pieces
from somaforge.flow.steps.drivers import files
from somaforge.generator.spec import Spec, parse_spec


def spec(**drivers: Any) -> Spec:
    return parse_spec({**spec_data([5, 3, 3]), "chip": {"drivers": {"bits": 4, **drivers}}}, "test")


def test_one_block_lies_in_the_steps_folder() -> None:
    (piece,) = pieces(spec())
    assert (piece.folder, piece.count, folders(spec())) == ("", 1, ("",))
    assert "layout.gds" in files(spec())
    assert lane_memory(spec()).width == 5 * 4


def test_banks_are_drawn_once_and_counted() -> None:
    wanted = spec(bank=2, lanes=2)
    found = pieces(wanted)
    assert [(p.folder, p.count) for p in found] == [("bank_2", 2), ("bank_1", 1), ("references", 1)]
    assert tuple(p.folder for p in found) == folders(wanted)
    assert {"bank_2/layout.gds", "bank_1/netlist.spice", "references/layout.png"} <= set(files(wanted))
    assert lane_memory(wanted).width == 4 * 4


def test_an_input_has_the_wires_of_its_place_in_its_bank() -> None:
    wanted = spec(bank=2)
    wires = {2: {"drive_0": 1e-15, "drive_1": 2e-15}, 1: {"drive_0": 3e-15}}
    blocks = [Made(p, Clean(0, 0), {} if p.design is None else wires[p.design.layers[1]]) for p in pieces(wanted)]
    assert of_inputs(wanted, blocks, 1e-15) == pytest.approx([2e-15, 3e-15, 2e-15, 3e-15, 4e-15])


def test_paths_stay_in_the_folder() -> None:
    assert not any(Path(file).is_absolute() or ".." in file for file in files(spec(bank=2)))
