"""Every cell but the foundry's carries its design's name, so two macros lie in one layout."""

import re
from pathlib import Path

import klayout.db as kdb
import pytest
from specs import free_design

from somaforge.flow.checks import drc, lvs
from somaforge.flow.steps.generate import write_verilog
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw
from somaforge.generator.names import LATCH, OUTPUT_SYNAPSE, SOMA, SYNAPSE, cell_name
from somaforge.generator.netlist import write_spice
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk

FOUNDRY = "sky130_fd_"


def _named(name: str, **array: object) -> Design:
    """A small design with a name of its own."""
    made = free_design(**array)  # type: ignore[arg-type]
    return build(made.spec.model_copy(update={"name": name}))


def _own(names: set[str], design: str) -> None:
    strange = {n for n in names if not n.startswith((f"{design}__", FOUNDRY)) and n != design}
    assert strange == set()
    assert len(names) > 5


@pytest.mark.parametrize("port", ["none", "scan"])
def test_every_view_has_names_of_its_own(port: str, tmp_path: Path) -> None:
    design = _named("eye", layers=(2, 2, 1), port=port)
    drawn = draw(design)
    _own({cell.name for cell in drawn.layout.each_cell()}, "eye")
    cells = {cell_name("eye", role) for role in (LATCH, SOMA, SYNAPSE, OUTPUT_SYNAPSE)}
    assert cells == set(design.library.cells())
    assert cells <= {cell.name for cell in drawn.layout.each_cell()}
    for style in ("spice", "cdl"):
        write_spice(drawn.library, tmp_path / style, style)  # type: ignore[arg-type]
        _own(set(re.findall(r"(?im)^\.subckt (\S+)", (tmp_path / style).read_text())), "eye")
    write_verilog(drawn, design, tmp_path / "verilog")
    for path in (tmp_path / "verilog").glob("*.v"):
        modules = re.findall(r"(?m)^module (\w+)", path.read_text())
        assert modules
        assert all(m == "eye" or m.startswith(("eye__", "eye_bench")) for m in modules)


@pytest.mark.parametrize("role", ["latch", "periphery"])
def test_a_design_may_be_called_like_a_part(role: str, tmp_path: Path) -> None:
    drawn = draw(_named(role, layers=(1, 1), port="scan"))
    names = [cell.name for cell in drawn.layout.each_cell()]
    _own(set(names), role)
    assert [n for n in names if "$" in n] == []
    assert [c.name for c in drawn.layout.top_cells()] == [role]


def test_two_macros_in_one_layout(tmp_path: Path) -> None:
    """Of different specs, whose cells differ: clean beside each other, and each is its own schematic.

    The name of one is the beginning of the other's.
    """
    small = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}}
    designs = (_named("eye", layers=(2, 1), port="scan"), _named("eye_core", layers=(3, 1), **small))
    whole = kdb.Layout()
    options = kdb.LoadLayoutOptions()
    options.cell_conflict_resolution = kdb.LoadLayoutOptions.CellConflictResolution.AddToCell
    drawn = {}
    for design in designs:
        name = design.spec.name
        drawn[name] = draw(design)
        drawn[name].write(tmp_path / f"{name}.gds")
        write_spice(drawn[name].library, tmp_path / f"{name}.spice", "spice")
        whole.read(str(tmp_path / f"{name}.gds"), options)
    chip = whole.create_cell("chip")
    for x, name in ((0, "eye"), (200_000, "eye_core")):
        chip.insert(kdb.CellInstArray(whole.cell(name).cell_index(), kdb.Trans(x, 0)))
    whole.write(str(tmp_path / "chip.gds"))
    violations = drc.run(SKY130, tmp_path / "chip.gds", "chip", tmp_path / "chip.lyrdb")
    assert {rule: n for rule, n in violations.items() if n} == {}
    for name, one in drawn.items():
        result = lvs.run(SKY130, tmp_path / "chip.gds", tmp_path / f"{name}.spice", name, None)
        assert result.mismatches == ()
        assert result.devices == one.library.transistor_count()
