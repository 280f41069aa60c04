"""Rows of the readout blocks on a process with other names, another grid and another stack."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fake_process import FAKE
from tests.fake_process.specs import registered

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator.block import Block, write_block
from somaforge.generator.circuit import Library
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.bias import bias, bias_block
from somaforge.generator.readout.converter import ConverterSizes, converter, converter_block
from somaforge.generator.readout.winner import WinnerSizes, winner_block, winner_take_all
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with registered():
        yield


def winner(pdk: Pdk, design: str) -> Library:
    return winner_take_all(pdk, design, 2, WinnerSizes(flavour="standard"))


def pulses(pdk: Pdk, design: str) -> Library:
    return converter(pdk, design, ConverterSizes(flavour="standard"))


def test_a_flavour_that_it_lacks_is_refused() -> None:
    with pytest.raises(InputError, match=r"fake has no lvt p-channel device .*give the block's sizes another flavour"):
        converter(FAKE, "chip")


@pytest.mark.parametrize(("make", "block"), [(winner, winner_block), (pulses, converter_block), (bias, bias_block)])
def test_blocks_are_clean_and_match(
    make: Callable[[Pdk, str], Library], block: Callable[[Pdk, Library, str], Block], tmp_path: Path
) -> None:
    library = make(FAKE, "chip")
    gds, spice = tmp_path / "block.gds", tmp_path / "block.spice"
    write_block(block(FAKE, library, "chip"), gds)
    write_spice(library, spice)
    found = drc.run(FAKE, gds, library.top, tmp_path / "drc.lyrdb")
    found |= antenna.run(FAKE, gds, library.top, tmp_path / "antenna.lyrdb")
    assert {rule: n for rule, n in found.items() if n} == {}
    result = lvs.run(FAKE, gds, spice, library.top, None)
    assert result.mismatches == ()
    assert result.devices == library.transistor_count()
