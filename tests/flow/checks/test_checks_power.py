"""The power grid against the closed form of a loaded strap."""

from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.small import small_design

from somaforge.flow.checks import power
from somaforge.flow.signoff.verdict import within
from somaforge.generator.block import Port, Role
from somaforge.generator.layout import draw, top_block
from somaforge.generator.spec import Limit
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.extraction import extract
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.connectivity import CONNECTIVITY
from somaforge.pdk.sky130.current import MAX_A_PER_CUT, MAX_A_PER_UM
from somaforge.pdk.sky130.gds import DRAWN, LABELS
from somaforge.pdk.sky130.parasitics import INTERCONNECT
from somaforge.pdk.sky130.process import WIRES

LENGTH_UM, WIDTH_UM, CELLS = 1000, 0.6, 100
OHM = INTERCONNECT.sheet_ohm["met4"] * LENGTH_UM / WIDTH_UM


def strap(
    *, fed_at_um: tuple[float, ...] = (0.0,), bars: int = 1, thin_um: float = WIDTH_UM, load_A: float = 1e-6
) -> power.Grid:
    """Parallel straps with a load below every 10 um of the first, which is thinner from 10 um to 30 um; a bar across
    their left ends."""
    layout = kdb.Layout()
    top, load = layout.create_cell("top"), layout.create_cell("load")
    met4, text = layout.layer(*DRAWN["met4"]), layout.layer(*LABELS["met4"])
    load.shapes(layout.layer(*DRAWN["boundary"])).insert(kdb.Box(0, 0, 10_000, 2000))
    for k in range(CELLS):
        top.insert(kdb.CellInstArray(load, kdb.Trans(10_000 * k, -2000)))
    half = round(WIDTH_UM * 500)
    for k in range(bars):
        top.shapes(met4).insert(kdb.Box(0, 5000 * k - half, LENGTH_UM * 1000, 5000 * k + half))
    if thin_um < WIDTH_UM:
        hole = kdb.Region(kdb.Box(10_000, round(thin_um * 500), 30_000, half))
        hole.insert(kdb.Box(10_000, -half, 30_000, -round(thin_um * 500)))
        rest = kdb.Region(top.begin_shapes_rec(met4)) - hole
        top.shapes(met4).clear()
        top.shapes(met4).insert(rest)
    if bars > 1:
        top.shapes(met4).insert(kdb.Box(0, 0, 2 * half, 5000 * (bars - 1)))
    top.shapes(text).insert(kdb.Text("vdd", kdb.Trans(0, 0)))
    ports = [feed(round(x * 1000), 5000 * (bars - 1)) for x in fed_at_um]
    return power.grid(WIRES, extract(OpenLayout(layout, top), by=CONNECTIVITY), "vdd", ports, {"load": load_A})


def feed(x: int, y: int, layer: str = "strap") -> Port:
    """A port of vdd at a point."""
    return Port("vdd", Role.SUPPLY, layer, (x, y, x, y))


def test_strap_fed_at_one_end() -> None:
    """I R / 2 for an even load; loads in the middle of each 100th make it exactly that."""
    found = strap()
    total = CELLS * 1e-6
    assert found.current_A == pytest.approx(total)
    assert found.drop_V == pytest.approx(total * OHM / 2, rel=1e-3)
    assert found.density_ratio == pytest.approx(total / WIDTH_UM / MAX_A_PER_UM["met4"], rel=1e-6)


def test_strap_fed_at_both_ends_drops_a_quarter() -> None:
    found = strap(fed_at_um=(0.0, LENGTH_UM))
    assert found.feeds == 2
    assert found.drop_V == pytest.approx(CELLS * 1e-6 * OHM / 8, rel=1e-3)


def test_a_strap_is_fed_through_another() -> None:
    """The port lies on the second strap: the way round is a bar of 5 um by 0.6 um more."""
    found = strap(bars=2)
    way = INTERCONNECT.sheet_ohm["met4"] * 5 / WIDTH_UM
    assert found.drop_V == pytest.approx(CELLS * 1e-6 * (OHM / 2 + way), rel=2e-2)


def test_a_thin_place_is_found() -> None:
    """A third of the width over the second and third cell: three times the density at 99 % of the current, and 20 um of
    three times the resistance."""
    load = 0.5 * MAX_A_PER_UM["met4"] * WIDTH_UM / CELLS
    whole, thin = strap(load_A=load), strap(load_A=load, thin_um=WIDTH_UM / 3)
    limit = Limit(metric="power__strap_current_density__ratio", max=1.0)
    assert within(whole.density_ratio, limit)
    assert not within(thin.density_ratio, limit)
    assert thin.density_ratio == pytest.approx(0.5 * 3 * 0.99, rel=1e-6)
    more = 2 * INTERCONNECT.sheet_ohm["met4"] * (10 * 0.99 + 10 * 0.98) / WIDTH_UM * CELLS * load
    assert thin.drop_V - whole.drop_V == pytest.approx(more, rel=2e-2)


def test_a_via_has_a_limit_of_its_own() -> None:
    """A cell on met3 fed from met4 through one via."""
    layout = kdb.Layout()
    top, load = layout.create_cell("top"), layout.create_cell("load")
    load.shapes(layout.layer(*DRAWN["boundary"])).insert(kdb.Box(0, 0, 1000, 1000))
    top.insert(kdb.CellInstArray(load, kdb.Trans(9000, -500)))
    for layer in ("met3", "met4"):
        top.shapes(layout.layer(*DRAWN[layer])).insert(kdb.Box(0, -300, 10_000, 300))
    top.shapes(layout.layer(*DRAWN["via3"])).insert(kdb.Box(4900, -100, 5100, 100))
    top.shapes(layout.layer(*LABELS["met4"])).insert(kdb.Text("vdd", kdb.Trans(0, 0)))
    ampere = 2 * MAX_A_PER_CUT["via3"]
    found = power.grid(WIRES, extract(OpenLayout(layout, top), by=CONNECTIVITY), "vdd", [feed(0, 0)], {"load": ampere})
    assert (found.density_ratio, found.densest) == (pytest.approx(2.0), "via3")
    squares = (5.0 + 4.5) / 0.6
    assert found.drop_V == pytest.approx(
        ampere * (INTERCONNECT.sheet_ohm["met4"] * squares + INTERCONNECT.cut_ohm["via3"]), rel=1e-4
    )


def test_a_cell_on_an_island_is_found() -> None:
    """Two pieces of one name, as the substrate joins ground: a port on met3 feeds no strap."""
    layout = kdb.Layout()
    top, load = layout.create_cell("top"), layout.create_cell("load")
    load.shapes(layout.layer(*DRAWN["boundary"])).insert(kdb.Box(0, 0, 1000, 1000))
    for k, layer in enumerate(("met3", "met4")):
        top.shapes(layout.layer(*DRAWN[layer])).insert(kdb.Box(0, 5000 * k, 9000, 5000 * k + 600))
        top.shapes(layout.layer(*LABELS[layer])).insert(kdb.Text("vdd", kdb.Trans(0, 5000 * k)))
    top.insert(kdb.CellInstArray(load, kdb.Trans(4000, 0)))
    ports = [feed(0, 0, "row"), feed(0, 5000)]
    with pytest.raises(CheckError, match="net vdd: no metal leads from a port to 1 cells, one at 4500,500 nm"):
        power.grid(WIRES, extract(OpenLayout(layout, top), by=CONNECTIVITY), "vdd", ports, {"load": 1e-6})


def test_a_net_that_nothing_feeds_is_refused() -> None:
    with pytest.raises(InputError, match="net vdd: no port of it lies on met4"):
        strap(fed_at_um=())
    with pytest.raises(CheckError, match="net vdd: no strap of it at its port at 2000000,0 nm"):
        strap(fed_at_um=(2000.0,))


def test_array_carries_the_sum_of_its_cells(tmp_path: Path) -> None:
    """2-2-2: 6 somas, 8 synapses and 2 output synapses: p side 2, 7/4 and 1/4 of 100 nA each; n side of the somas 3."""
    design = small_design((2, 2, 2))
    draw(design).write(tmp_path / "small.gds")
    loads = power.worst_loads(design, 100e-9)
    extraction = extract(tmp_path / "small.gds", "small", by=CONNECTIVITY)
    block = top_block(design)
    vdd, gnd = (power.grid(WIRES, extraction, net, block.ports, loads[net]) for net in ("vdd", "gnd"))
    assert vdd.current_A == pytest.approx((6 * 2 + 8 * 7 / 4 + 2 / 4) * 100e-9)
    assert gnd.current_A == pytest.approx((6 * 3 + 8 * 7 / 4 + 2 / 4) * 100e-9)
    # Microamperes over some 100 um of metal: tens of ohms.
    assert 0 < vdd.drop_V < 1e-4


SQUARE, NEURON_A = (20, 20), 100e-9


def rows(*, cut: tuple[int, ...] = ()) -> power.Grid:
    """vdd of 20-20: every rail feeds two equal rows. The straps in `cut` are interrupted between pin and cells."""
    design = small_design(SQUARE)
    drawn = draw(design)
    top = drawn.layout.cell(drawn.top)
    met4 = top.shapes(drawn.layout.layer(*DRAWN["met4"]))
    for k in cut:
        y = k * drawn.plan.rows.height
        for shape in [s for s in met4.each() if s.bbox().center().y == y and s.bbox().left < -600]:
            box = shape.bbox()
            shape.delete()
            met4.insert(kdb.Box(box.left, box.bottom, -600, box.top))
            met4.insert(kdb.Box(-300, box.bottom, box.right, box.top))
    extraction = extract(OpenLayout(drawn.layout, top), by=CONNECTIVITY)
    return power.grid(WIRES, extraction, "vdd", drawn.block.ports, power.worst_loads(design, NEURON_A)["vdd"])


def test_an_array_against_the_estimate_by_hand() -> None:
    """A rail carries two rows: a soma of 16.86 um with twice the neuron's current, 20 synapses of 9.94 um with 7/4, a
    soma and an output synapse with 1/4. From below, strap, rail and the rows' two buses share the current everywhere;
    from above, the strap carries all of it."""
    moment = 2 * NEURON_A * (2 * 8.4 + 20 * 7 / 4 * (16.9 + 99.4) + 2 * (215.7 + 8.4) + (215.7 + 21.8) / 4)
    sheet = INTERCONNECT.sheet_ohm
    strap_S = 0.6 / sheet["met4"]
    shared_S = strap_S + 0.35 / sheet["met1"] + 2 * 0.28 / sheet["met2"]
    found = rows()
    assert found.feeds == 10
    assert moment / shared_S < found.drop_V < moment / strap_S
    assert found.drop_V == pytest.approx(moment / shared_S, rel=0.2)


def test_a_cut_strap_is_found() -> None:
    """With the straps of the upper three rails cut, their current comes through the wires that join neighbouring rows;
    without any strap there is no way for it."""
    whole, cut = rows(), rows(cut=(15, 17, 19))
    limit = Limit(metric="power__ir_drop_max__V", max=1.2 * whole.drop_V)
    assert within(whole.drop_V, limit)
    assert not within(cut.drop_V, limit)
    assert cut.current_A == pytest.approx(whole.current_A)
    with pytest.raises(CheckError, match="net vdd: no metal of it in the cell at"):
        rows(cut=tuple(range(1, 20, 2)))
