"""Layouts, netlists, LEF and Verilog of two designs stay as they are until somebody renews them on purpose."""

import json

import pytest
from golden_views import DESIGNS, KEPT, cell_text, digests
from specs import free_design

from somaforge.generator.layout import draw


@pytest.mark.needs_pdk
@pytest.mark.parametrize("name", DESIGNS)
def test_views_are_the_kept_ones(name: str) -> None:
    kept = json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))
    found = digests(DESIGNS[name]())
    changed = sorted(view for view in kept.keys() | found.keys() if kept.get(view) != found.get(view))
    assert changed == [], "renew with python tests/generator/golden_views.py if they are meant to change"


def test_one_shape_is_seen() -> None:
    made = free_design((1, 1))
    drawn = draw(made)
    cell = drawn.layout.cell(drawn.top)
    before = cell_text(drawn.layout, cell)
    next(cell.shapes(drawn.layout.layer(*made.pdk.layers["boundary"])).each()).delete()
    assert cell_text(drawn.layout, cell) != before
