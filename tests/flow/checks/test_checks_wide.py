"""Circuits with many pins are compared by their contents, and all names are what they would have been."""

from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.small import small_design

from somaforge.flow.checks import hierarchy, lvs
from somaforge.flow.pex.geometry import Geometry, collect
from somaforge.flow.pex.naming import schematic_names
from somaforge.generator.design import Design
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.pdk.sky130.process import SKY130


@pytest.fixture(scope="module")
def design() -> Design:
    return small_design((3, 6, 2))


@pytest.fixture(scope="module")
def files(design: Design, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("wide")
    layout, netlist = folder / "small.gds", folder / "small.spice"
    draw(design).write(layout)
    write_spice(design.library, netlist)
    return layout, netlist


def compared(files: tuple[Path, Path]) -> tuple[lvs.Comparison, Geometry]:
    found = lvs.compare(SKY130, *files, "small")
    assert found.lines == ()
    return found, collect(found.extraction, schematic_names(found.partners()), SKY130.wires.nominal)


def circuits(netlist: kdb.Netlist) -> set[str]:
    return {circuit.name for circuit in netlist.each_circuit()}


def table(geometry: Geometry) -> set[tuple[object, ...]]:
    """Every transistor with its place and the names of its nets."""
    t, names = geometry.transistors, geometry.nets
    return {
        (name, kind, *place, *(names[k] for k in nets))
        for name, kind, place, nets in zip(t.names, t.kinds, t.place.tolist(), t.nets.tolist(), strict=True)
    }


@pytest.mark.parametrize("limit", [0, 100, 10_000])
def test_dissolved_circuits_change_no_name(
    design: Design, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    plain, geometry = compared(files)
    assert plain.whole is None
    monkeypatch.setattr(hierarchy, "LINKS_LIMIT", limit)
    dissolved, same = compared(files)
    assert dissolved.whole is not None
    assert len(list(dissolved.extraction.lvs.netlist().each_circuit())) < len(
        list(plain.extraction.netlist.each_circuit())
    )
    assert table(same) == table(geometry)
    assert sorted(same.nets) == sorted(geometry.nets)
    assert {t.name for t in design.flat.mos} == set(same.transistors.names)


def test_rows_of_a_large_matrix_are_too_wide(tmp_path: Path) -> None:
    """100 columns have 905 pins in a row: 819,025 links for each row, and 19,600 for the synapses in it."""
    design = small_design((4, 100, 2))
    draw(design).write(tmp_path / "small.gds")
    write_spice(design.library, tmp_path / "small.spice")
    found = lvs.compare(SKY130, tmp_path / "small.gds", tmp_path / "small.spice", "small")
    assert found.lines == ()
    assert found.whole is not None
    assert circuits(found.extraction.netlist) - circuits(found.extraction.lvs.netlist()) == {design.cell("row_0")}
