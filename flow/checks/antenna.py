"""Antenna ratios of any sky130 layout: gates that the etching of a wire or contact would charge too much."""

from pathlib import Path

from somaforge.flow.checks.drc import Violations, require_drawn, violations, write_report
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.drc import Layers
from somaforge.pdk.sky130.drc.antenna import antenna


def run(layout: Path, top: str | None, report: Path) -> dict[str, int]:
    """Check `layout`, write the KLayout report database `report`; charged shapes per rule, every rule present."""
    opened = open_layout(layout, top)
    found = check(opened)
    write_report(report, opened.cell.name, "somaforge antenna", found)
    return {v.rule.name: v.count for v in found}


def check(opened: OpenLayout) -> list[Violations]:
    """Every antenna rule. InputError if no layer of the process is drawn in it."""
    require_drawn(opened)
    return [violations(rule, found, opened.layout.dbu) for rule, found in antenna(Layers(opened))]
