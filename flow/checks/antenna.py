"""Antenna ratios of any layout: gates that the etching of a wire or contact would charge too much."""

from pathlib import Path

from somaforge.flow.checks.drc import Violations, require_drawn, violations, write_report
from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.pdk.antenna import antenna
from somaforge.pdk.base import Pdk
from somaforge.pdk.layout_file import OpenLayout, open_layout


def run(pdk: Pdk, layout: Path, top: str | None, report: Path) -> dict[str, int]:
    """Check `layout`, write the KLayout report database `report`; charged shapes per rule, every rule present."""
    opened = open_layout(layout, top)
    found = check(pdk, opened)
    write_report(report, opened.cell.name, "somaforge antenna", found)
    return {v.rule.name: v.count for v in found}


CHECK = LayoutCheck(
    "antenna",
    "antenna ratios",
    "shapes that charge a gate too much while they are etched; 0 to pass",
    lambda pdk, layout, top, report, limit_s: run(pdk, layout, top, report),
)


def check(pdk: Pdk, opened: OpenLayout) -> list[Violations]:
    """Every antenna rule. InputError if no layer of the process is drawn in it."""
    require_drawn(pdk, opened)
    rules = pdk.checks.antenna
    found = antenna(rules.charged(opened), rules.rules)
    return [violations(rule, places, opened.layout.dbu) for rule, places in found]
