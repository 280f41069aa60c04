"""Tiles against one window over everything, and names through the hierarchy against those of a flat comparison."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from somaforge.flow import pex
from somaforge.flow.checks import lvs
from somaforge.flow.pex import capacitance
from somaforge.flow.pex.geometry import collect
from somaforge.flow.pex.kernel import couple, no_couplings
from somaforge.flow.pex.naming import schematic_names
from somaforge.generator import layout, netlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec
from somaforge.pdk.sky130.parasitics import INTERCONNECT
from somaforge.pdk.sky130.process import SKY130

ROOT = Path(__file__).parents[3]


def draw(folder: Path, layers: list[int], bits: int) -> tuple[Design, Path, Path]:
    """An array: design, layout, netlist."""
    table = yaml.safe_load((ROOT / "examples" / "iris.yaml").read_text())
    table["array"] |= {"layers": layers, "bits": bits}
    table["network"]["layers"] = [4, *layers[1:-1], 3]
    design = build(Spec.model_validate(table))
    layout.draw(design).write(folder / "array.gds")
    netlist.write_spice(design.library, folder / "array.spice")
    return design, folder / "array.gds", folder / "array.spice"


@pytest.mark.parametrize("layers", [[4, 4], pytest.param([8, 4, 3, 3], marks=pytest.mark.nightly, id="stacked")])
def test_tiles_against_flat(tmp_path: Path, layers: list[int]) -> None:
    """Every net within 2 % of a flat layout in one window with the names of a flat comparison."""
    design, gds, spice = draw(tmp_path, layers, 1)
    found = pex.extract(SKY130, gds, design.spec.name, spice)
    flat = lvs.compare_flat(SKY130, gds, spice, design.spec.name)
    assert not flat.lines
    geometry = collect(flat.extraction, schematic_names(flat.partners()), INTERCONNECT)
    whole = couple(geometry.conductors, geometry.box, INTERCONNECT)
    n = len(geometry.nets)
    totals = np.bincount(whole.a, whole.farad, n) + np.bincount(whole.b, whole.farad, n)
    expected = dict(zip(geometry.nets, totals.tolist(), strict=True))
    ours = found.total_capacitance()
    assert ours.keys() == expected.keys()
    for net, farad in expected.items():
        assert ours[net] == pytest.approx(farad, rel=0.02), net


def test_distinct_tiles_do_not_grow_with_the_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 x 8 and 12 x 12: as many distinct tiles, far fewer than there are tiles (which is what counts here)."""
    monkeypatch.setattr(capacitance, "couple", lambda *_: no_couplings())
    counts = []
    for size in (8, 12):
        folder = tmp_path / str(size)
        folder.mkdir()
        design, gds, spice = draw(folder, [size, size], 3)
        found = pex.extract(SKY130, gds, design.spec.name, spice)
        counts.append((found.windows, found.distinct_windows))
    assert counts[0][1] == counts[1][1] < counts[1][0] / 3
