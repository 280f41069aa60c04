"""Digests of every view of two designs: the layout cell by cell, the texts whole. Kept in tests/golden/views/.

python tests/generator/golden_views.py    renews the kept files: say in the commit why they changed
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import klayout.db as kdb
from specs import design

from somaforge.flow.steps.generate import write_verilog
from somaforge.generator import lef
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw
from somaforge.generator.netlist import spice_text
from somaforge.generator.spec import load_spec

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "tests" / "golden" / "views"
DESIGNS: Mapping[str, Callable[[], Design]] = {
    "iris": lambda: build(load_spec(ROOT / "examples" / "iris.yaml")),
    "scan": lambda: design([4, 4, 3], port="scan"),
}


def digests(made: Design) -> dict[str, str]:
    """View, or cell of the layout, to SHA-256."""
    drawn = draw(made)
    found = {f"layout {cell.name}": _digest(cell_text(drawn.layout, cell)) for cell in drawn.layout.each_cell()}
    for dialect in ("spice", "cdl"):
        found[dialect] = _digest(spice_text(drawn.library, dialect, drawn.block.roles()))  # type: ignore[arg-type]
    abstract = lef.abstract(drawn.layout, made.pdk, drawn.block)
    found["lef"] = _digest(lef.lef(abstract, made.pdk.rules))
    with TemporaryDirectory() as folder:
        write_verilog(drawn, made, Path(folder, "verilog"))
        found |= {file.name: _digest(file.read_text()) for file in Path(folder, "verilog").iterdir()}
    return dict(sorted(found.items()))


def cell_text(layout: kdb.Layout, cell: kdb.Cell) -> str:
    """Shapes and instances of a cell in an order of their own: what was drawn, not in which order."""
    lines = [f"{i.trans} {layout.cell(i.cell_index).name}" for i in cell.each_inst()]
    for index, info in zip(layout.layer_indexes(), layout.layer_infos(), strict=True):
        lines += [f"{info.layer}/{info.datatype} {shape}" for shape in cell.shapes(index).each()]
    return "\n".join(sorted(lines))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    for name, make in DESIGNS.items():
        (KEPT / f"{name}.json").write_text(json.dumps(digests(make()), indent=1) + "\n", encoding="utf-8")
