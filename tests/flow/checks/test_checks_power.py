"""The power grid against the closed form of a loaded strap."""

from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.small import small_design

from somaforge.flow.checks import power
from somaforge.generator.layout import draw
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.connectivity import extract
from somaforge.pdk.sky130.current import MAX_A_PER_UM
from somaforge.pdk.sky130.gds import DRAWN, LABELS
from somaforge.pdk.sky130.parasitics import INTERCONNECT

LENGTH_UM, WIDTH_UM, CELLS = 1000, 0.6, 100
OHM = INTERCONNECT.sheet_ohm["met4"] * LENGTH_UM / WIDTH_UM


def strap(*, label_at_um: tuple[float, ...] = (0.0,), bars: int = 1) -> power.Grid:
    """Parallel straps with a load of 1 uA below every 10 um of the first; a bar across their left ends."""
    layout = kdb.Layout()
    top, load = layout.create_cell("top"), layout.create_cell("load")
    met4, text = layout.layer(*DRAWN["met4"]), layout.layer(*LABELS["met4"])
    load.shapes(layout.layer(*DRAWN["boundary"])).insert(kdb.Box(0, 0, 10_000, 2000))
    for k in range(CELLS):
        top.insert(kdb.CellInstArray(load, kdb.Trans(10_000 * k, -2000)))
    half = round(WIDTH_UM * 500)
    for k in range(bars):
        top.shapes(met4).insert(kdb.Box(0, 5000 * k - half, LENGTH_UM * 1000, 5000 * k + half))
    if bars > 1:
        top.shapes(met4).insert(kdb.Box(0, 0, 2 * half, 5000 * (bars - 1)))
    for x in label_at_um:
        top.shapes(text).insert(kdb.Text("vdd", kdb.Trans(round(x * 1000), 5000 * (bars - 1))))
    return power.grid(extract(OpenLayout(layout, top)), "vdd", {"load": 1e-6})


def test_strap_fed_at_one_end() -> None:
    """I R / 2 for an even load; loads in the middle of each 100th make it exactly that."""
    found = strap()
    total = CELLS * 1e-6
    assert found.current_A == pytest.approx(total)
    assert found.drop_V == pytest.approx(total * OHM / 2, rel=1e-3)
    assert found.density_ratio == pytest.approx(total / WIDTH_UM / MAX_A_PER_UM["met4"], rel=1e-6)


def test_strap_fed_at_both_ends_drops_a_quarter() -> None:
    found = strap(label_at_um=(0.0, LENGTH_UM))
    assert found.feeds == 2
    assert found.drop_V == pytest.approx(CELLS * 1e-6 * OHM / 8, rel=1e-3)


def test_a_strap_is_fed_through_another() -> None:
    """The label lies on the second strap: the way round is a bar of 5 um by 0.6 um more."""
    found = strap(bars=2)
    way = INTERCONNECT.sheet_ohm["met4"] * 5 / WIDTH_UM
    assert found.drop_V == pytest.approx(CELLS * 1e-6 * (OHM / 2 + way), rel=2e-2)


def test_a_net_that_nothing_feeds_is_refused() -> None:
    with pytest.raises(InputError, match="net vdd: no label of this name lies on its met4"):
        strap(label_at_um=())


def test_array_carries_the_sum_of_its_cells(tmp_path: Path) -> None:
    """2-2-2: 6 somas, 8 synapses and 2 output synapses: p side 2, 7/4 and 1/4 of 100 nA each; n side of the somas 3."""
    design = small_design((2, 2, 2))
    draw(design).write(tmp_path / "small.gds")
    loads = power.worst_loads(design, 100e-9)
    extraction = extract(tmp_path / "small.gds", "small")
    vdd, gnd = (power.grid(extraction, net, loads[net]) for net in ("vdd", "gnd"))
    assert vdd.current_A == pytest.approx((6 * 2 + 8 * 7 / 4 + 2 / 4) * 100e-9)
    assert gnd.current_A == pytest.approx((6 * 3 + 8 * 7 / 4 + 2 / 4) * 100e-9)
    # Microamperes over some 100 um of metal: tens of ohms.
    assert 0 < vdd.drop_V < 1e-4
