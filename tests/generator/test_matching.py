"""Statements about matching are measured: what is spoiled in the drawing is seen."""

import klayout.db as kdb
import pytest
from specs import design, free_design

from somaforge.generator.layout import DrawnDesign, draw
from somaforge.generator.matching import statements


def _followed(drawn: DrawnDesign, **array: int) -> dict[str, bool]:
    return {s.rule: s.followed for s in statements(design([4, 3, 3], **array), drawn)}


def test_what_the_cells_follow_and_what_they_do_not() -> None:
    """By hand for 3 bits: 4 + 2 + 1 units from left to right cannot have one centre; wires cross some channels only."""
    followed = _followed(draw(design([4, 3, 3])))
    assert [rule for rule, yes in followed.items() if not yes] == [
        "the same wiring over all channels of a strip",
        "the units of all bits have one common centre",
    ]


def test_every_number_of_bits_has_statements() -> None:
    for bits in range(1, 7):
        made = free_design((2, 1), bits=bits)
        assert len(statements(made, draw(made))) == 7


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        ("longer gate", "all units are the same device"),
        ("turned cell", "current flows along one axis in all units"),
        ("wider diffusion", "current flows along one axis in all units"),
        ("nearer gate", "and at the same distance"),
    ],
)
def test_a_spoiled_cell_is_seen(spoil: str, rule: str) -> None:
    made = design([4, 3, 3])
    drawn = draw(made)
    assert _followed(drawn)[rule]
    cell = drawn.layout.cell(made.cell("synapse"))
    strip, z = drawn.plan.synapse.strip, drawn.plan.rows.n
    poly, diff = (drawn.layout.layer(*made.pdk.layers[name]) for name in ("gate", "active"))
    half = made.sizes.unit.l // 2
    if spoil == "longer gate":
        cell.shapes(poly).insert(kdb.Box(strip.gates[2], z.edge, strip.gates[2] + half + 40, z.far))
    elif spoil == "nearer gate":
        cell.shapes(poly).insert(kdb.Box(strip.gates[-1] - half - 40, z.edge, strip.gates[-1], z.far))
    elif spoil == "wider diffusion":
        cell.shapes(diff).insert(kdb.Box(strip.gates[3] - half, z.edge - 100, strip.gates[3] + half, z.far))
    else:
        row = drawn.layout.cell(made.cell("row_0"))
        row.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(kdb.Trans.R180, 0, 0)))
    assert not _followed(drawn)[rule]
