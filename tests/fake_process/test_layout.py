"""A process with other names, another grid and another stack is drawn clean and matches, by its own rules alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from tests.fake_process import FAKE
from tests.fake_process.layers import NUMBERS
from tests.fake_process.specs import design, registered, spec

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator import lef
from somaforge.generator.layout import DrawnDesign, draw
from somaforge.generator.netlist import write_spice
from somaforge.pdk.errors import InputError

NARROW = {"mirror": {"w_um": 0.38, "l_um": 0.38, "multiplier": 2}, "switch": {"w_um": 0.38, "l_um": 0.18}}
WIDE = {
    "mirror": {"w_um": 2.0, "l_um": 1.2, "multiplier": 6, "input_multiplier": 2, "nfet": "lvt"},
    "switch": {"w_um": 1.2, "l_um": 1.5},
}


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    with registered():
        yield


def _write(drawn: DrawnDesign, folder: Path) -> tuple[Path, Path]:
    gds, spice = folder / "drawn.gds", folder / "drawn.spice"
    drawn.write(gds)
    write_spice(drawn.library, spice)
    return gds, spice


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"layers": (2, 2), "bits": 6},
        {"layers": (3, 2), **WIDE},
        {"layers": (5, 4, 3), **NARROW},
        {"layers": (12, 2, 4, 2, 12), "bits": 1},  # sums that climb over the next matrix
        {"layers": (3,) * 8, "bits": 1},  # seven banks
    ],
)
def test_what_is_drawn_is_clean_and_matches(parameters: dict[str, Any], tmp_path: Path) -> None:
    drawn = draw(design(**parameters))
    gds, spice = _write(drawn, tmp_path)
    found = drc.run(FAKE, gds, drawn.top, tmp_path / "drc.lyrdb")
    found |= antenna.run(FAKE, gds, drawn.top, tmp_path / "antenna.lyrdb")
    assert {rule: n for rule, n in found.items() if n} == {}
    result = lvs.run(FAKE, gds, spice, drawn.top, None)
    assert result.mismatches == ()
    assert result.devices == drawn.library.transistor_count()


def test_only_its_own_layers_are_used(tmp_path: Path) -> None:
    drawn = draw(design())
    infos = {(i.layer, i.datatype) for i in drawn.layout.layer_infos()}
    assert infos <= set(FAKE.layers.values())
    assert NUMBERS["M6"] not in infos, "nothing climbs here"


@pytest.mark.parametrize(("layer", "rule"), [("M1", "M1.S"), ("CO", "CO.E.OD"), ("V2", "V2.W"), ("GC", "GC.X.OD")])
def test_a_moved_edge_is_found(layer: str, rule: str, tmp_path: Path) -> None:
    """Every shape of a layer in the synapse, grown or shrunk by a grid step or some."""
    made = design()
    drawn = draw(made)
    cell = drawn.layout.cell(made.cell("synapse"))
    index = drawn.layout.layer(*NUMBERS[layer])
    shapes = kdb.Region(cell.shapes(index)).merged()
    step = {"M1": (20, 20), "CO": (30, 30), "V2": (10, 0), "GC": (0, -150)}[layer]
    cell.shapes(index).clear()
    cell.shapes(index).insert(shapes.sized(*step, 2))
    gds, _ = _write(drawn, tmp_path)
    assert drc.run(FAKE, gds, drawn.top, tmp_path / "drc.lyrdb")[rule] > 0


def test_a_lost_via_is_found(tmp_path: Path) -> None:
    """The leftmost one of the soma's stacks is where its input arrives."""
    made = design((2, 1))
    drawn = draw(made)
    vias = drawn.layout.cell(made.cell("soma")).shapes(drawn.layout.layer(*NUMBERS["V3"]))
    min(vias.each(), key=lambda via: via.bbox().left).delete()
    gds, spice = _write(drawn, tmp_path)
    assert lvs.run(FAKE, gds, spice, drawn.top, None).mismatches


def test_a_strange_layer_is_refused(tmp_path: Path) -> None:
    drawn = draw(design((2, 1)))
    drawn.layout.cell(drawn.top).shapes(drawn.layout.layer(99, 0)).insert(kdb.Box(0, 0, 1000, 1000))
    gds, spice = _write(drawn, tmp_path)
    with pytest.raises(InputError, match=r"layer 99/0 is none of the fake process"):
        lvs.run(FAKE, gds, spice, drawn.top, None)


def test_without_cells_there_is_no_port() -> None:
    with pytest.raises(InputError, match=r"^array.port: fake has no library of standard cells; use port: none$"):
        draw(design((2, 2), port="scan"))


def test_sizes_lie_on_its_own_grid() -> None:
    with pytest.raises(InputError, match=r"array.mirror.l_um: must be a multiple of 0.02 um"):
        spec(mirror={"w_um": 0.8, "l_um": 0.79})
    with pytest.raises(InputError, match=r"array.switch.w_um: 0.36 um leaves no room for the contacts"):
        draw(design((2, 2), switch={"w_um": 0.36, "l_um": 0.56}))


def test_the_lef_has_its_names() -> None:
    drawn = draw(design((2, 2)))
    text = lef.lef(lef.abstract(drawn.layout, FAKE, drawn.block), FAKE.rules)
    assert "LAYER METAL5 ;" in text
    assert "LAYER met" not in text
