"""Layout and netlist are two views of one value: whatever is drawn is clean and matches."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import klayout.db as kdb
import pytest
from hypothesis import HealthCheck, given, settings
from specs import design, drawable, free_design

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator.cells.plan import plan_core
from somaforge.generator.cells.rows import rows
from somaforge.generator.cells.soma import plan_soma
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.layout import draw
from somaforge.generator.names import bit_line, bit_line_bar, word_line
from somaforge.generator.netlist import write_spice
from somaforge.generator.stacking import stack
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130


def _check(parameters: dict[str, Any]) -> None:
    """Draw, then native DRC and LVS: all clean."""
    made = free_design(**parameters)
    drawn = draw(made)
    with TemporaryDirectory() as folder:
        gds, spice = Path(folder, "drawn.gds"), Path(folder, "drawn.spice")
        drawn.write(gds)
        write_spice(made.library, spice)
        violations = drc.run(SKY130, gds, "drawn", Path(folder, "drawn.lyrdb"))
        assert {rule: n for rule, n in violations.items() if n} == {}
        result = lvs.run(SKY130, gds, spice, "drawn", None)
        assert result.mismatches == ()
        assert result.devices == made.library.transistor_count()


# Slow (3 s each): three arrays in every test run, beside the stacks below; 200 at night.
@given(drawable())
@settings(max_examples=3, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_parameters_are_clean_and_match(parameters: dict[str, Any]) -> None:
    _check(parameters)


@pytest.mark.nightly
@given(drawable())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_parameters_are_clean_and_match(parameters: dict[str, Any]) -> None:
    _check(parameters)


SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}
"""The smallest cells: the least room for wires over them."""


@pytest.mark.parametrize(
    ("layers", "stacked"),
    [
        ((12, 2, 4, 2, 12), "wide over narrow over wide"),
        ((16, 3, 4, 4, 2), "square: a sum arrives in the row below the one where the next sum of its column climbs"),
        ((12, 6, 4, 4, 6, 2), "downwards"),
        ((14, 3, 1, 2, 14, 1, 7, 3), "two stacks, single rows, outputs on top"),
        ((3, 3, 3, 3, 3, 3, 3, 3), "seven banks: every track of the word lines"),
    ],
)
def test_stacks_are_clean_and_match(layers: tuple[int, ...], stacked: str) -> None:
    _check({"layers": layers, "bits": 1, **SMALL})


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ({"mirror": {"multiplier": 3}}, "array.mirror.multiplier: 3 is odd"),
        ({"mirror": {"input_multiplier": 3}}, "array.mirror.input_multiplier: 3 is odd"),
        ({"mirror": {"style": "scaled"}}, "array.mirror.style: scaled mirrors have no layout"),
        ({"mirror": {"l_um": 0.3}}, "array.mirror.l_um: 0.3 um leaves no room"),
        ({"switch": {"w_um": 0.5, "l_um": 1.7}}, "array.switch.l_um: a switch longer than 1.6 um"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_reason(array: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw(design([4, 3, 3], **array))


def test_latches_below_long_mirrors_are_no_antenna(tmp_path: Path) -> None:
    """Units of 0.42/8 um: the word line's gate material does not run through the row."""
    draw(free_design((2, 2), mirror={"w_um": 0.42, "l_um": 8.0})).write(tmp_path / "drawn.gds")
    assert {
        rule: n for rule, n in antenna.run(SKY130, tmp_path / "drawn.gds", "drawn", tmp_path / "r").items() if n
    } == {}


def test_the_same_design_gives_the_same_file(tmp_path: Path) -> None:
    made = design([4, 2, 3])
    for name in ("a", "b"):
        draw(made).write(tmp_path / f"{name}.gds")
        draw(made).write(tmp_path / f"{name}.oas")
    assert (tmp_path / "a.gds").read_bytes() == (tmp_path / "b.gds").read_bytes()
    assert (tmp_path / "a.oas").read_bytes() == (tmp_path / "b.oas").read_bytes()


def test_pins_lie_where_the_floorplan_says() -> None:
    made = free_design((12, 4, 2, 2))
    drawn = draw(made)
    top = drawn.layout.cell(drawn.top)

    def texts(layer: str) -> dict[str, tuple[int, int]]:
        shapes = top.shapes(drawn.layout.layer(*made.pdk.layers[f"{layer}_label"]))
        return {s.text.string: (s.text.x, s.text.y) for s in shapes.each() if s.is_text()}

    for bank in range(2):
        for row in made.memory.word_rows(bank):
            layer, x, y = drawn.plan.word_pin(bank, row)
            assert texts(layer)[word_line(bank, row)] == (x, y)
        for column in range(made.memory.bank_columns(bank)):
            for bit in range(made.weights.latches):
                pair = drawn.plan.bit_line_x(bank, column, bit)
                found = texts("column")
                names = (bit_line(bank, column, bit), bit_line_bar(bank, column, bit))
                assert tuple(found[name][0] for name in names) == pair


def test_utilization_of_the_reference_network() -> None:
    """By hand: 196 rows of 150 columns and 2 columns of somas for 25,110 synapses and 356 somas (1.70 columns wide)."""
    layers = (196, 100, 50, 10)
    made = free_design(layers)
    z = rows(made)
    plan = Floorplan(layers, z, plan_soma(made), plan_core(made), stack(layers), made.memory, made.measures)
    x1, y1, x2, y2 = plan.die
    ratio = plan.cell_area_um2() / ((x2 - x1) * (y2 - y1) / 1e6)
    soma = plan.soma.width / plan.synapse.width
    assert ratio == pytest.approx((25110 + 356 * soma) / (196 * (150 + 2 * soma)), rel=0.01)
    assert ratio >= 0.85


def test_everything_lies_on_the_grid_and_inside_the_die() -> None:
    made = design([4, 3, 3])
    drawn = draw(made)
    top = drawn.layout.cell(drawn.top)
    die = kdb.Box(*drawn.plan.die)
    for layer in drawn.layout.layer_indexes():
        region = kdb.Region(top.begin_shapes_rec(layer))
        assert region.grid_check(made.pdk.grid_nm, made.pdk.grid_nm).count() == 0
        assert region.bbox().empty() or region.bbox().inside(die)


def test_synapse_area_is_what_the_plan_says() -> None:
    """By hand for the default: 4 latch slots of 2.485 um wide; the tallest stack of rows is 8.22 um: 81.7 um2."""
    metrics = draw(design([4, 3, 3])).metrics()
    assert metrics["layout__synapse__um2"] == pytest.approx(4 * 2.485 * 8.22, rel=1e-3)
    assert metrics["layout__synapse__um2"] <= 90


def test_matched_devices_have_one_orientation_and_one_shape() -> None:
    """Every unit gate of a synapse is the same rectangle on the same diffusion strip."""
    made = design([4, 3, 3])
    drawn = draw(made)
    cell = drawn.layout.cell(made.cell("synapse"))

    def region(name: str) -> kdb.Region:
        number, datatype = made.pdk.layers[name]
        return kdb.Region(cell.begin_shapes_rec(drawn.layout.layer(number, datatype)))

    gates = (region("active") & region("gate")).merged()
    unit = made.sizes.unit
    units = [g for g in gates.each() if (g.bbox().width(), g.bbox().height()) == (unit.l, unit.w)]
    assert len(units) == 2 * (7 + 1)  # seven units and a dummy on each side
    assert all(g.is_box() for g in units)
