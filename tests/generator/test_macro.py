"""Core and periphery as one macro: clean, matched, and found out when a wire is wrong."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import klayout.db as kdb
import pytest
from hypothesis import HealthCheck, given, settings
from specs import drawable, free_design

from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.generator.layout import DrawnDesign, draw
from somaforge.generator.names import cell_name
from somaforge.generator.netlist import write_spice
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk

SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


def _check(parameters: dict[str, Any]) -> None:
    """Draw with a port, then native DRC, antenna ratios and LVS of the whole macro: all clean."""
    drawn = draw(free_design(**parameters, port="scan"))
    with TemporaryDirectory() as folder:
        gds, spice = Path(folder, "drawn.gds"), Path(folder, "drawn.spice")
        drawn.write(gds)
        write_spice(drawn.library, spice)
        violations = drc.run(SKY130, gds, "drawn", Path(folder, "drawn.lyrdb"))
        violations |= antenna.run(SKY130, gds, "drawn", Path(folder, "antenna.lyrdb"))
        assert {rule: n for rule, n in violations.items() if n} == {}
        result = lvs.run(SKY130, gds, spice, "drawn", None)
        assert result.mismatches == ()
        assert result.devices == drawn.library.transistor_count()


# Slow (13 s of a processor each): two macros in every test run, beside the extremes below; a hundred at night.
@given(drawable())
@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_macro_is_clean_and_matches(parameters: dict[str, Any]) -> None:
    _check(parameters)


@pytest.mark.nightly
@given(drawable())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_macros_are_clean_and_match(parameters: dict[str, Any]) -> None:
    _check(parameters)


@pytest.mark.parametrize(
    ("layers", "bits", "what"),
    [
        ((1, 1), 1, "periphery wider than the array"),
        ((20, 3), 2, "three segments of rows"),
        pytest.param((3, 2, 2), 6, "slices much narrower than columns", marks=pytest.mark.nightly),
    ],
)
def test_extremes_are_clean_and_match(layers: tuple[int, ...], bits: int, what: str) -> None:
    _check({"layers": layers, "bits": bits, **SMALL})


@pytest.mark.nightly
def test_a_driver_below_the_pins_of_the_row_before() -> None:
    """Six banks: their word lines reach high in a row, and the next row's slice hangs low."""
    switch = {"w_um": 1.01, "l_um": 0.15}
    _check({"layers": (1, 1, 1, 4, 2, 3, 2, 1), "bits": 4, **SMALL, "switch": switch})


def test_groups_of_slices_that_nearly_meet() -> None:
    """A column is 30 nm wider than a group: less than npc.2 between the cells of two."""
    mirror = {"w_um": 0.42, "l_um": 0.81, "multiplier": 2}
    _check({"layers": (1, 4), "bits": 4, "mirror": mirror, "switch": {"w_um": 0.42, "l_um": 1.07}})


@pytest.mark.nightly
def test_wide_somas_do_not_make_antennas_of_the_pins() -> None:
    """Sixteen units in a soma part the first column from the macro's left edge, where the pins are."""
    _check({"layers": (12, 6, 3), **SMALL, "mirror": {"w_um": 0.42, "l_um": 0.54, "multiplier": 16}})


@pytest.fixture(scope="module")
def small() -> DrawnDesign:
    """The smallest macro with two banks."""
    return draw(free_design((2, 2, 1), port="scan"))


@pytest.mark.needs_klayout_app
def test_precheck_is_clean(small: DrawnDesign, tmp_path: Path) -> None:
    small.write(tmp_path / "macro.gds")
    counts = precheck.run(SKY130, tmp_path / "macro.gds", small.top, tmp_path / "report.lyrdb", 300)
    assert {rule: n for rule, n in counts.items() if n} == {}


@pytest.mark.parametrize(
    ("cell", "layer", "side", "lost"),
    [
        pytest.param("bit_slice", "inner", "top", "a wire", marks=pytest.mark.nightly),
        pytest.param("row_slice_odd_last", "row_via", "right", "the word line's via", marks=pytest.mark.nightly),
        ("data_register", "column_via", "right", "a bit line's via"),
    ],
)
def test_a_lost_shape_is_found(cell: str, layer: str, side: str, lost: str, tmp_path: Path) -> None:
    drawn = draw(free_design((2, 2, 1), port="scan"))
    write_spice(drawn.library, tmp_path / "macro.spice")
    index = drawn.layout.layer(*free_design((1, 1)).pdk.layers[layer])
    shapes = drawn.layout.cell(cell_name("drawn", cell)).shapes(index)
    drawn_shapes = (shape for shape in shapes.each() if shape.is_box() or shape.is_polygon())
    max(drawn_shapes, key=lambda shape: getattr(shape.bbox(), side)).delete()
    drawn.write(tmp_path / "macro.gds")
    assert lvs.run(SKY130, tmp_path / "macro.gds", tmp_path / "macro.spice", drawn.top, None).mismatches


def test_metrics_count_the_periphery(small: DrawnDesign) -> None:
    alone = draw(free_design((2, 2, 1)))
    with_port, without = small.metrics(), alone.metrics()
    assert with_port["layout__core_utilization__ratio"] == without["layout__utilization__ratio"]
    assert with_port["layout__die__um2"] > without["layout__die__um2"]
    x1, y1, x2, y2 = small.die
    boundary = small.layout.layer(235, 4)
    assert kdb.Region(small.layout.cell(small.top).shapes(boundary)).bbox() == kdb.Box(x1, y1, x2, y2)
